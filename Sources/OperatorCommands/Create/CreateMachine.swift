// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import ClusterLifecycle
internal import Machines
internal import SwarmCore

/// `swarmctl create machine`: makes one Docker host.
package struct CreateMachine: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "machine",
        abstract: "Create one Docker host, without a cluster",
        discussion: """
            Makes or adopts the host, installs Docker on it over SSH and protects it with TLS. Run again \
            after any failure, it goes on where it stopped. Flags of the driver are taken too: see them with \
            --driver D --help. With --no-provision it stops when the host runs; `swarmctl provision` does the rest.
            """,
        usage: "swarmctl create machine <name> [--driver <driver>] [<options>]",
        examples: [
            "swarmctl create machine box",
            "swarmctl create machine old --driver generic --generic-ip-address 10.0.0.9 --generic-ssh-user admin",
        ],
        exitStatus: """
            3 a check before creation said no; 11 the name is taken; 13 the host is not reached; \
            14 access is denied
            """
    )

    @Option(name: .shortAndLong, help: ArgumentHelp("Where the host comes from.", valueName: "driver"))
    package var driver = "local"

    @Flag(help: "Stop when the host runs; install nothing.")
    package var noProvision = false

    @OptionGroup package var engine: EngineFlags
    @OptionGroup package var work: WorkOptions
    @OptionGroup package var output: FormatOptions
    @OptionGroup package var global: GlobalOptions

    @Argument(parsing: .allUnrecognized, help: "Name of the machine, and flags of the driver.")
    package var words: [String] = []

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let flags = try DriverFlags(
            words,
            of: try context.driver(driver),
            environment: context.environment
        )
        guard let name = flags.names.first else {
            throw ValidationError("a name for the machine is needed")
        }
        guard flags.names.count == 1 else {
            throw ValidationError("unexpected argument '\(flags.names[1])'")
        }
        if let problem = ObjectName.problem(with: name) {
            throw MachineError.badName(kind: "machine", name: name, problem: problem)
        }
        if context.store.hasCluster(name) {
            throw MachineError.nameTaken(kind: "machine", name: name, by: "a cluster has it")
        }
        if let key = flags.values["generic-ssh-key"] {
            try KeyFile.check(key, flag: "--generic-ssh-key", home: context.home)
        }
        var settings = ClusterSpec(name: MachineStore.implicitCluster, driver: driver)
        engine.apply(to: &settings)
        let wanted = settings
        let machine = try await context.withLifecycle(work) { lifecycle in
            try await lifecycle.createMachine(
                name,
                driver: driver,
                options: flags.values,
                settings: wanted,
                provisions: !noProvision
            )
        }
        if output.format == .json {
            return try context.terminal.output(json: machine)
        }
        context.terminal.output(name)
        if noProvision {
            context.terminal.note("Nothing is installed on it; run `swarmctl provision \(name)` for that.")
        } else if let url = machine.engineURL {
            context.terminal.note("Its engine answers at \(url); run `eval $(swarmctl env \(name))` to use it.")
        }
    }
}
