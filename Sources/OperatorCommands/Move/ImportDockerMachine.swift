// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SwarmCore

/// `swarmctl import docker-machine`: machines that docker-machine made.
package struct ImportDockerMachine: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "docker-machine",
        abstract: "Take over the machines of a docker-machine store",
        discussion: """
            Copies keys and certificates, and notes where each host is; hosts and the other store stay as they \
            are. A host of a driver that swarmctl cannot ask is reached over SSH as an adopted one. Run again, it \
            takes what is new. Files of docker-machine 0.16 (config version 3) are understood.
            """,
        examples: [
            "swarmctl import docker-machine",
            "swarmctl import docker-machine --from /backup/machine web-1 web-2",
        ],
        exitStatus: "1 a file is damaged; 10 no such machine, or no certificates; 11 a name is taken"
    )

    @Option(
        help: ArgumentHelp(
            "The store (default: $MACHINE_STORAGE_PATH, then ~/.docker/machine).",
            valueName: "folder"
        )
    )
    package var from: String?

    @Argument(help: "Machines to take; all unless given.")
    package var names: [String] = []

    @OptionGroup package var output: FormatOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let configured = from ?? context.environment["MACHINE_STORAGE_PATH"] ?? ""
        let source = configured.isEmpty ? "\(context.home)/.docker/machine" : absolute(configured)
        guard AtomicFile.isFolder("\(source)/machines") else {
            throw FileError(action: "read", path: "\(source)/machines", code: 2)
        }
        let outcomes = try MachineAdoption(context: context, source: source).run(names)
        for outcome in outcomes {
            if output.format != .json {
                context.terminal.output(outcome.machine)
            }
            outcome.notes.forEach { context.terminal.note("\(outcome.machine): \($0)") }
        }
        if output.format == .json {
            try context.terminal.output(json: outcomes.map(\.machine))
        }
    }
}

/// `swarmctl import`.
package struct ImportCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take over what another tool, or another store, has",
        subcommands: [ImportDockerMachine.self, ImportClusterCommand.self]
    )

    package init() {}
}
