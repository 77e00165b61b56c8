// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SwarmCore

/// `swarmctl scale`: the group of what can be scaled.
package struct ScaleCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "Change the number of a cluster's nodes",
        subcommands: [ScaleCluster.self]
    )

    package init() {}
}

/// `swarmctl scale cluster`: changes how many nodes a cluster has.
package struct ScaleCluster: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "cluster",
        abstract: "Make or remove machines until a cluster has so many nodes",
        discussion: """
            The machines with the highest numbers go first, managers last. A machine that is removed takes \
            its containers with it. On a terminal it asks.
            """,
        examples: ["swarmctl scale cluster lab --nodes 5", "swarmctl scale cluster lab --nodes 2 -y"],
        exitStatus:
            "1 several machines failed; 10 no such cluster; 11 another swarmctl is at work on it; 13 unreachable"
    )

    @Argument(help: "Cluster; the only one unless given.")
    package var name: String?

    @Option(help: ArgumentHelp("How many nodes there shall be, 1 or more.", valueName: "number"))
    package var nodes: Int

    @Flag(help: "Show what would be done, and change nothing.")
    package var dryRun = false

    @OptionGroup package var work: WorkOptions
    @OptionGroup package var confirmation: ConfirmOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let cluster = try context.store.clusterOrOnly(name)
        guard cluster.spec.hosts.isEmpty else {
            throw OperatorError.badFlag(
                flag: "--nodes",
                problem: "the cluster \"\(cluster.name)\" consists of hosts that were given",
                hint: "use `swarmctl add node \(cluster.name) --host ADDRESS` or `swarmctl remove node MACHINE`"
            )
        }
        let change = ClusterChange(work: work, confirmation: confirmation, isDryRun: dryRun, context: context)
        let nodes = nodes
        try await change.apply(cluster) { $0.nodes = nodes }
    }
}
