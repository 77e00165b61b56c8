// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import ClusterLifecycle
internal import Machines
internal import SwarmCore

/// `swarmctl uninstall`: gives adopted hosts back as they were.
package struct UninstallCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "uninstall",
        abstract: "Give adopted hosts back as they were, and keep their records",
        discussion: """
            Undoes what provisioning changed, from a record on the host: configuration, certificates, opened \
            ports, our containers. Docker stays, unless we installed it and --purge is given. On a terminal \
            it asks.
            """,
        examples: ["swarmctl uninstall lab-2", "swarmctl uninstall -y --purge lab"],
        exitStatus: "1 several failed; 10 no such machine; 13 a host is not reached; 14 access is denied"
    )

    @Argument(help: "Clusters (all their machines) and machines.")
    package var names: [String]

    @Flag(help: "Remove Docker too where we installed it, with all containers and images.")
    package var purge = false

    @OptionGroup package var confirmation: ConfirmOptions
    @OptionGroup package var work: WorkOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        var seen: Set<String> = []
        let machines = try context.store.targets(names).flatMap(\.machines).filter { seen.insert($0.name).inserted }
        machines.forEach { context.terminal.note("machine \($0.name) (\($0.driver))") }
        try confirmation.confirm("Undo what was done to that?", on: context.terminal)
        let purge = purge
        let results = try await context.withLifecycle(work) { lifecycle in
            await concurrently(machines, limit: lifecycle.context.parallel) { machine in
                try await lifecycle.uninstall(machine.name, purge: purge)
            }
        }
        for (machine, result) in zip(machines, results) {
            for line in (try? result.get()) ?? [] {
                context.terminal.output("\(machine.name): \(line)")
            }
        }
        let failures = results.compactMap(\.userFacingFailure)
        guard failures.isEmpty else {
            throw PartialFailure(failures: failures, total: machines.count)
        }
    }
}
