// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import OperatorCommands

@main
enum Main {
    static func main() async {
        let name = CommandLine.arguments.first ?? "swarmctl"
        exit(await Program.run(Array(CommandLine.arguments.dropFirst()), calledAs: name))
    }
}
