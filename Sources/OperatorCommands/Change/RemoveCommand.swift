// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import ClusterLifecycle
internal import Machines
internal import SwarmCore

/// `swarmctl rm`: removes clusters and machines.
package struct RemoveCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "rm",
        abstract: "Remove clusters and machines, with their hosts",
        discussion: """
            Hosts that swarmctl made are destroyed with all that is on them; adopted hosts are given back as \
            they were. A machine that belongs to a cluster leaves it. On a terminal it asks.
            """,
        examples: ["swarmctl rm lab", "swarmctl rm -y box lab-3"],
        exitStatus: """
            1 several failed for several reasons; 10 no such cluster or machine; 11 a cluster would lose its \
            last manager; 13 a host is not reached
            """
    )

    @Argument(help: "Clusters and machines.")
    package var names: [String]

    @Flag(name: .shortAndLong, help: "Forget what does not answer.")
    package var force = false

    @Flag(help: "Remove Docker from adopted hosts where we installed it, with all containers and images.")
    package var purge = false

    @OptionGroup package var confirmation: ConfirmOptions
    @OptionGroup package var work: WorkOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let targets = try context.store.targets(names)
        let clusters = targets.filter { $0.kind == "cluster" }
        let gone = Set(clusters.map(\.name))
        // A machine of a cluster that goes too is removed with it.
        let machines = targets.filter { $0.kind == "machine" && !gone.contains($0.clusterName) }.flatMap(\.machines)
        try NodeRemoval.check(machines, in: context.store, force: force)
        for target in clusters {
            let members = target.machines.map(\.name).joined(separator: ", ")
            context.terminal.note("cluster \(target.name) with \(members.isEmpty ? "no machines" : members)")
        }
        machines.forEach { context.terminal.note("machine \($0.name) (\($0.driver))") }
        try confirmation.confirm("Remove that?", on: context.terminal)

        let removal = NodeRemoval(force: force, purge: purge, work: work, context: context)
        try await removal.remove(machines)
        let (force, purge) = (force, purge)
        for target in clusters {
            try await context.withLifecycle(work) {
                try await $0.removeCluster(target.name, force: force, purge: purge)
            }
            context.terminal.output(target.name)
        }
    }
}
