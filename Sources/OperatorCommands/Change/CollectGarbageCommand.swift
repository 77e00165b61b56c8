// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import ClusterLifecycle
internal import Machines
internal import SwarmCore

/// `swarmctl gc`: removes what crashed creates left at a provider.
package struct CollectGarbageCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "gc",
        abstract: "Find and remove what a crashed create left at a provider",
        discussion: """
            Lists what carries our tags there and belongs to no machine of this store; another store's \
            machines are among that, so -y also wants --cluster or --all. Removes it after a yes, or with -y; \
            without a terminal and -y it only lists. Flags of the driver, such as a region, are taken too.
            """,
        usage: "swarmctl gc --driver <driver> [-y] [<options>]",
        examples: ["swarmctl gc --driver local", "swarmctl gc --driver local --cluster lab -y"],
        exitStatus: "1 several removals failed for several reasons; 13 the provider is not reached; 14 access is denied"
    )

    @Option(name: .shortAndLong, help: ArgumentHelp("Whose provider is looked at.", valueName: "driver"))
    package var driver: String

    @Option(help: ArgumentHelp("Only what was made for this cluster; repeatable.", valueName: "name"))
    package var cluster: [String] = []

    @Flag(help: "Whatever cluster it was made for.")
    package var all = false

    @OptionGroup package var confirmation: ConfirmOptions
    @OptionGroup package var output: FormatOptions
    @OptionGroup package var global: GlobalOptions

    @Argument(parsing: .allUnrecognized, help: "Flags of the driver.")
    package var words: [String] = []

    package init() {}

    package func validate() throws {
        guard cluster.isEmpty || !all else {
            throw ValidationError("--cluster and --all exclude each other")
        }
        guard !confirmation.yes || !cluster.isEmpty || all else {
            throw ValidationError(
                "-y wants --cluster NAME or --all: another store's machines may be among what is found"
            )
        }
    }

    package func execute(in context: CommandContext) async throws {
        let driver = try context.driver(driver)
        let flags = try DriverFlags(words, of: driver, environment: context.environment)
        if let extra = flags.names.first {
            throw ValidationError("unexpected argument '\(extra)'")
        }
        let options = try context.lifecycleContext().options(flags.values, of: driver)
        let known = Set(try context.store.machineNames().map { try context.store.machine($0).id })
        let garbage = try await driver.tagged(options: options).filter { resource in
            let isWanted = cluster.isEmpty || resource.cluster.map(cluster.contains) == true
            return isWanted && resource.machineID.map { !known.contains($0) } ?? false
        }
        try show(garbage, on: context.terminal)
        guard !garbage.isEmpty, confirmation.yes || context.terminal.isInteractive else {
            return
        }
        try confirmation.confirm("Remove that?", on: context.terminal)
        try await remove(garbage, options: options, driver)
    }

    private func show(_ garbage: [TaggedResource], on terminal: any Terminal) throws {
        if output.format == .json {
            return try terminal.output(json: garbage)
        }
        guard !garbage.isEmpty else {
            return terminal.note("nothing was left behind")
        }
        var table = TextTable("KIND", "ID", "MACHINE", "CLUSTER")
        for resource in garbage {
            table.append([resource.kind, resource.id, resource.machine ?? "", resource.cluster ?? ""])
        }
        terminal.output(table)
    }

    /// Removes machine by machine: a driver finds all that belongs to one by its tag.
    private func remove(_ garbage: [TaggedResource], options: [String: String], _ driver: any MachineDriver)
        async throws
    {
        var failures: [any UserFacingError] = []
        let machines = Dictionary(grouping: garbage) { $0.machineID ?? "" }.sorted { $0.key < $1.key }
        for (id, resources) in machines {
            let machine = DriverMachine(
                name: resources.compactMap(\.machine).first ?? "",
                id: id,
                cluster: resources.compactMap(\.cluster).first ?? "",
                options: options,
                state: [:]
            )
            do {
                try await driver.remove(machine)
            } catch {
                try Task.checkCancellation()
                failures.append(ReportedError(error))
            }
        }
        guard failures.isEmpty else {
            throw PartialFailure(failures: failures, total: machines.count)
        }
    }
}
