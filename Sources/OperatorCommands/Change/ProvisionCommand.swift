// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import ClusterLifecycle
internal import Machines
internal import SwarmCore

/// `swarmctl provision`: runs all steps on machines again.
package struct ProvisionCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "provision",
        abstract: "Run all steps on machines again, and change what differs",
        discussion: "Each step looks first; where everything is right nothing is touched. No container stops.",
        examples: ["swarmctl provision lab", "swarmctl provision lab-2 lab-3"],
        exitStatus:
            "1 several machines failed for several reasons; 10 no such machine; 13 a host is not reached; 14 denied"
    )

    @Argument(help: "Clusters (all their machines) and machines; the only cluster unless given.")
    package var names: [String] = []

    @OptionGroup package var work: WorkOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        var seen: Set<String> = []
        let machines = try context.store.targets(names).flatMap(\.machines).map(\.name)
            .filter { seen.insert($0).inserted }
        try await context.withLifecycle(work) { try await $0.provision(machines) }
        machines.forEach(context.terminal.output)
    }
}
