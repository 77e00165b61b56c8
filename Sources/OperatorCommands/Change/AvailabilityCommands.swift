// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SwarmCore

/// What `cordon`, `drain` and `uncordon` take.
package struct AvailabilityOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Machines that are nodes of a cluster.", valueName: "machine"))
    package var names: [String]

    @OptionGroup package var output: FormatOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    /// Tells the managers, one machine after the other, in the order typed, each once.
    func tell(_ verb: String, timeout: Duration, in context: CommandContext) async throws -> [JSONValue] {
        var seen: Set<String> = []
        let machines = try names.filter { seen.insert($0).inserted }.map(context.store.machine)
        var answers: [JSONValue] = []
        for machine in machines {
            answers.append(try await NodeCall(verb: verb, timeout: timeout, context: context).send(machine))
        }
        return answers
    }
}

/// `swarmctl cordon`: keeps new containers away from nodes.
package struct CordonCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "cordon",
        abstract: "Keep new containers away from nodes",
        discussion: "Containers that are there stay, and can be used. It holds until `swarmctl uncordon`.",
        examples: ["swarmctl cordon lab-2", "swarmctl cordon lab-2 lab-3 --format json"],
        exitStatus: "10 no such machine, or it is no node; 13 no manager answers"
    )

    @OptionGroup package var options: AvailabilityOptions
    package var global: GlobalOptions { options.global }

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let answers = try await options.tell("cordon", timeout: .seconds(30), in: context)
        try AvailabilityReport(answers).show(options.output.format, on: context.terminal)
    }
}

/// `swarmctl uncordon`: lets containers be placed on nodes again.
package struct UncordonCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "uncordon",
        abstract: "Let containers be placed on cordoned or drained nodes again",
        discussion: "What a drain has moved does not come back by itself.",
        examples: ["swarmctl uncordon lab-2", "swarmctl uncordon lab-2 lab-3 --format json"],
        exitStatus: "10 no such machine, or it is no node; 13 no manager answers"
    )

    @OptionGroup package var options: AvailabilityOptions
    package var global: GlobalOptions { options.global }

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let answers = try await options.tell("uncordon", timeout: .seconds(30), in: context)
        try AvailabilityReport(answers).show(options.output.format, on: context.terminal)
    }
}

/// `swarmctl drain`: empties nodes as far as their containers allow.
package struct DrainCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "drain",
        abstract: "Keep new containers away from nodes, and move those that may be moved",
        discussion: """
            Containers with a reschedule policy (`-e reschedule:on-node-failure`) are made again on other \
            nodes and started there; the old ones are stopped and renamed NAME.moved-ID, with their volumes. \
            The others stay, and are listed. It holds until `swarmctl uncordon`.
            """,
        examples: ["swarmctl drain lab-2", "swarmctl drain lab-2 --timeout 1800 --format json"],
        exitStatus:
            "1 one that may be moved could not be; 10 no such machine, or it is no node; 13 no manager answers"
    )

    @OptionGroup package var options: AvailabilityOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("Longest wait for each node.", valueName: "seconds"))
    package var timeout = 600

    package var global: GlobalOptions { options.global }

    package init() {}

    package func validate() throws {
        guard (1...86400).contains(timeout) else {
            throw ValidationError("--timeout takes 1 to 86400 seconds, not \(timeout)")
        }
    }

    package func execute(in context: CommandContext) async throws {
        let answers = try await options.tell("drain", timeout: .seconds(timeout), in: context)
        let report = AvailabilityReport(answers)
        try report.show(options.output.format, on: context.terminal)
        if report.hasFailures {
            throw ExitCode(ErrorKind.failed.rawValue)
        }
    }
}

/// One call to the managers about a node.
private struct NodeCall {
    let verb: String
    let timeout: Duration
    let context: CommandContext

    /// Asks the managers of the machine's cluster in turn, until one answers.
    func send(_ machine: MachineRecord) async throws -> JSONValue {
        guard let address = machine.address else {
            throw OperatorError.noAddress(kind: "machine", name: machine.name)
        }
        guard !MachineStore.isImplicit(machine.cluster) else {
            throw OperatorError.noManager(cluster: machine.name)
        }
        let cluster = try context.store.cluster(machine.cluster)
        let managers = try context.store.machines(of: cluster.name).filter { $0.role == .manager && $0.address != nil }
        // A node is known by the address it registered with, whatever its engine is called.
        let host = address.contains(":") ? "[\(address)]" : address
        let escapes: [Character: String] = ["[": "%5B", "]": "%5D", ":": "%3A"]
        let node = "\(host):\(machine.enginePort)".map { escapes[$0] ?? String($0) }.joined()
        var failure: any Error = OperatorError.noManager(cluster: cluster.name)
        for manager in managers {
            do {
                let target = try context.engineTarget(of: .cluster(cluster, machines: [manager]))
                let path = "/cluster/nodes/\(node)/\(verb)"
                return try await context.engines.postJSON(path, at: target, deadline: .after(timeout))
            } catch  where ErrorReport(error).kind == .unreachable {
                failure = error
            }
        }
        throw failure
    }
}

/// What the managers say of nodes.
private struct AvailabilityReport {
    let nodes: [JSONValue]

    init(_ nodes: [JSONValue]) {
        self.nodes = nodes
    }

    /// Whether a container that may be moved was not.
    var hasFailures: Bool {
        nodes.contains { $0["Left"].elements.contains { $0["HasPolicy"] == .boolean(true) } }
    }

    func show(_ format: OutputFormat, on terminal: any OperatorTerminal) throws {
        guard format == .table else {
            return try terminal.output(json: nodes.map(Row.init))
        }
        var table = TextTable("NODE", "STATUS", "CONTAINER", "RESULT")
        for row in nodes.map(Row.init) {
            table.append([row.name, row.status, "", ""])
            for container in row.moved {
                table.append(["", "", container.name, "moved to \(container.node)"])
            }
            for container in row.left {
                table.append(["", "", container.name, "left: \(container.reason)"])
            }
        }
        terminal.output(table)
    }

    /// What `--format json` prints for a node.
    private struct Row: Encodable {
        struct Moved: Encodable {
            var name: String
            var id: String
            var node: String
            var newId: String
        }

        struct Left: Encodable {
            var name: String
            var id: String
            var reason: String
        }

        var name: String
        var address: String
        var status: String
        var moved: [Moved]
        var left: [Left]

        init(_ node: JSONValue) {
            name = node["Name"].string ?? ""
            address = node["Address"].string ?? ""
            status = node["Status"].string ?? ""
            moved = node["Moved"].elements.map { container in
                Moved(
                    name: container["Name"].string ?? "",
                    id: container["Id"].string ?? "",
                    node: container["Node"].string ?? "",
                    newId: container["NewId"].string ?? ""
                )
            }
            left = node["Left"].elements.map { container in
                Left(
                    name: container["Name"].string ?? "",
                    id: container["Id"].string ?? "",
                    reason: container["Reason"].string ?? ""
                )
            }
        }
    }
}
