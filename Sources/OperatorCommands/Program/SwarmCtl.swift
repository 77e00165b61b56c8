// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import DaemonCommands
internal import SwarmCore

/// The root of all commands of swarmctl.
package struct SwarmCtl: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "swarmctl",
        abstract: "Turn a pool of hosts into one Docker host.",
        discussion: """
            A name not given means the only cluster there is. Progress goes to standard error, results to \
            standard output.
            """,
        version: "swarmctl \(swarmVersion)",
        groupedSubcommands: [
            CommandGroup(name: "Create", subcommands: [CreateCommand.self]),
            CommandGroup(
                name: "See",
                subcommands: [
                    ListCommand.self, StatusCommand.self, InspectCommand.self, IPCommand.self, URLCommand.self,
                    ActiveCommand.self, LogsCommand.self, DoctorCommand.self,
                ]
            ),
            CommandGroup(
                name: "Connect",
                subcommands: [
                    EnvCommand.self, ConfigCommand.self, ContextCommand.self, SSHCommand.self, CopyCommand.self,
                    TunnelCommand.self, MountCommand.self,
                ]
            ),
            CommandGroup(
                name: "Change",
                subcommands: [
                    StartCommand.self, StopCommand.self, RestartCommand.self, KillCommand.self, RemoveCommand.self,
                    ProvisionCommand.self, UpgradeCommand.self, ScaleCommand.self, AddCommand.self,
                    RemoveNodeCommand.self, CordonCommand.self, DrainCommand.self, UncordonCommand.self,
                ]
            ),
            CommandGroup(name: "Move", subcommands: [ExportCommand.self, ImportCommand.self]),
            CommandGroup(name: "Clean", subcommands: [CollectGarbageCommand.self, UninstallCommand.self]),
            CommandGroup(name: "Certificates", subcommands: [RotateCommand.self, CertificatesCommand.self]),
            CommandGroup(
                name: "Run",
                subcommands: [
                    ManageCommand.self, JoinCommand.self, MemberListCommand.self, RolesCommand.self,
                    CompletionsCommand.self,
                ]
            ),
        ]
    )

    package init() {}

    /// Reads the words after the program's name.
    static func parse(line: [String]) async throws -> any ParsableCommand {
        try parseAsRoot(line)
    }
}
