// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

@main
enum Main {
    static func main() async {}
}
