// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SecureShell
internal import SwarmCore

/// `swarmctl add`: the group of what can be added.
package struct AddCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add nodes to a cluster",
        subcommands: [AddNode.self]
    )

    package init() {}
}

/// `swarmctl add node`: adds nodes to a cluster.
package struct AddNode: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "node",
        abstract: "Add hosts, or machines that the driver makes, to a cluster",
        examples: ["swarmctl add node lab --host root@10.0.0.4", "swarmctl add node lab --count 2"],
        exitStatus:
            "1 several machines failed; 10 no such cluster; 11 another swarmctl is at work on it; 13 unreachable"
    )

    @Argument(help: "Cluster; the only one unless given.")
    package var name: String?

    @Option(help: ArgumentHelp("A host to adopt, as [USER@]ADDR[:PORT]; repeatable.", valueName: "address"))
    package var host: [String] = []

    @Option(help: ArgumentHelp("How many machines the driver makes (default: 1).", valueName: "number"))
    package var count: Int?

    @Flag(help: "Show what would be done, and change nothing.")
    package var dryRun = false

    @OptionGroup package var work: WorkOptions
    @OptionGroup package var confirmation: ConfirmOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func validate() throws {
        guard host.isEmpty || count == nil else {
            throw ValidationError("--count and --host exclude each other: each --host is a node")
        }
        if let count, count < 1 {
            throw ValidationError("--count takes 1 or more, not \(count)")
        }
    }

    package func execute(in context: CommandContext) async throws {
        let cluster = try context.store.clusterOrOnly(name)
        let adopts = !cluster.spec.hosts.isEmpty
        guard adopts == !host.isEmpty else {
            throw OperatorError.badFlag(
                flag: adopts ? "--host" : "--count",
                problem: adopts
                    ? "it is needed: the cluster \"\(cluster.name)\" consists of hosts that were given"
                    : "the machines of the cluster \"\(cluster.name)\" are made by the driver \(cluster.spec.driver)",
                hint: adopts
                    ? "give the host with `--host USER@ADDRESS`"
                    : "leave --host out, and say how many with `--count`"
            )
        }
        let hosts = try host.map { text in
            guard let address = SSHAddress(parsing: text) else {
                throw MachineError.badAddress(text: text)
            }
            return address
        }
        let change = ClusterChange(work: work, confirmation: confirmation, isDryRun: dryRun, context: context)
        let count = count ?? 1
        try await change.apply(cluster) { spec in
            if adopts {
                spec.hosts += hosts
            } else {
                spec.nodes += count
            }
        }
    }
}

/// `swarmctl remove`: the group of what can be removed from a cluster.
package struct RemoveNodeCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove nodes from a cluster",
        subcommands: [RemoveNode.self]
    )

    package init() {}
}

/// `swarmctl remove node`: takes machines out of their cluster.
package struct RemoveNode: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "node",
        abstract: "Take machines out of their cluster, and away",
        discussion: """
            A host that swarmctl made is destroyed with its containers; an adopted one is given back as it \
            was. On a terminal it asks.
            """,
        examples: ["swarmctl remove node lab-3", "swarmctl remove node -y lab-3 lab-4"],
        exitStatus: "1 several failed; 10 no such machine; 11 it is the last manager; 13 the host is not reached"
    )

    @Argument(help: ArgumentHelp("Machines.", valueName: "machine"))
    package var names: [String]

    @Flag(name: .shortAndLong, help: "Forget what does not answer, and let the last manager go.")
    package var force = false

    @Flag(help: "Remove Docker from adopted hosts where we installed it, with all containers and images.")
    package var purge = false

    @OptionGroup package var confirmation: ConfirmOptions
    @OptionGroup package var work: WorkOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        var seen: Set<String> = []
        let machines = try names.filter { seen.insert($0).inserted }.map(context.store.machine)
        try NodeRemoval.check(machines, in: context.store, force: force)
        machines.forEach { context.terminal.note("machine \($0.name) (\($0.driver), \($0.role.rawValue))") }
        try confirmation.confirm("Remove that?", on: context.terminal)
        try await NodeRemoval(force: force, purge: purge, work: work, context: context).remove(machines)
    }
}
