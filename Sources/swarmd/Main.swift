// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DaemonCommands

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

@main
enum Main {
    static func main() async {
        exit(await SwarmDaemon.execute(Array(CommandLine.arguments.dropFirst())))
    }
}
