// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SecureShell
internal import SwarmCore

/// `swarmctl ssh`: a shell or a command on a machine.
package struct SSHCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "ssh",
        abstract: "Open a shell on a machine, or run a command there",
        discussion: """
            Standard input, output and error are those of the remote side; it gets a terminal when \
            standard input is one. A cluster's name means its manager. Options of swarmctl come before \
            the machine's name.
            """,
        usage: "swarmctl ssh [--tty | --no-tty] [--store <folder>] [--debug] [<user>@]<name> [<command> ...]",
        examples: ["swarmctl ssh lab-1", "swarmctl ssh root@lab-1 systemctl status docker"],
        exitStatus: "that of the remote command; 10 no such machine; 13 the host is not reached; 14 it lets us not in"
    )

    @Flag(inversion: .prefixedNo, help: "Whether the remote side gets a terminal.")
    package var tty: Bool?

    @Argument(help: ArgumentHelp("Machine, or a cluster with one manager.", valueName: "[user@]name"))
    package var name: String

    @Argument(parsing: .captureForPassthrough, help: "Command line for the remote shell; a shell unless given.")
    package var command: [String] = []

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let (user, machineName) = MachineLocation.split(name)
        let machine = try context.store.oneMachine(machineName)
        let words = command.first == "--" ? Array(command.dropFirst()) : command
        let status = try await context.shells.withSession(to: machine, user: user) { session in
            try await session.interact(words.isEmpty ? nil : words.joined(separator: " "), terminal: tty)
        }
        switch status {
        case .exited(0): return
        case .exited(let code): throw ExitCode(code)
        case .signalled: throw ExitCode(255)
        }
    }
}
