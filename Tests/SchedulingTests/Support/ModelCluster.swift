// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Scheduling

/// A cluster in which everything is looked up by reading all of it: what the scheduler is compared with.
struct ModelCluster {
    struct Container {
        var id: String
        var name: String
        var labels: [String: String] = [:]
        var claim = Resources()
        var ports: [HostPort] = []
        var isOverhead = false
    }

    struct Node {
        var name: String
        var id: String
        var isDown = false
        var isCordoned = false
        var labels: [String: String] = [:]
        var capacity = Resources()
        var images: Set<String> = []
        var volumes: Set<String> = []
        var containers: [Container] = []

        var workload: Int { containers.count { !$0.isOverhead } }
        var reserved: Resources { containers.reduce(Resources()) { $0 + $1.claim } }
    }

    /// A condition as text for the scheduler, and as a comparison that needs no parser.
    struct Condition {
        var key: String
        var isNegated: Bool
        var isSoft: Bool
        var value: String
        var matches: @Sendable (String) -> Bool

        var text: String { "\(key)\(isNegated ? "!=" : "==")\(isSoft ? "~" : "")\(value)" }

        func accepts(_ values: [String]) -> Bool { values.contains(where: matches) != isNegated }
    }

    struct Request {
        var claim = Resources()
        var ports: [HostPort] = []
        var constraints: [Condition] = []
        var affinities: [Condition] = []
        var whitelist: [String] = []
        var dependencies: [String] = []
        var volumes: [String] = []

        func placement() throws -> PlacementRequest {
            PlacementRequest(
                name: "new",
                claim: claim,
                ports: ports,
                constraints: try constraints.map { try PlacementExpression(parsing: $0.text) },
                affinities: try affinities.map { try PlacementExpression(parsing: $0.text) },
                whitelists: whitelist.isEmpty
                    ? [] : [try PlacementExpression(parsing: "node==\(whitelist.joined(separator: "|"))")],
                dependencies: dependencies.map { Dependency(.link, container: $0) },
                volumes: volumes
            )
        }
    }

    var nodes: [Node] = []
    var strategy: String
    var overcommit = 0.05

    /// The names of all nodes that may be chosen: the best ones, with soft conditions if possible.
    func best(for request: Request) -> Set<String> {
        var hard = request
        hard.constraints.removeAll(where: \.isSoft)
        hard.affinities.removeAll(where: \.isSoft)
        for attempt in [request, hard] {
            let fitting = nodes.filter { refusals(of: $0, for: attempt).isEmpty }
            let ranks = fitting.map { rank(of: $0, for: request.claim) }
            if let least = ranks.min(by: { $0.lexicographicallyPrecedes($1) }) {
                return Set(zip(fitting, ranks).filter { $1 == least }.map(\.0.name))
            }
        }
        return []
    }

    /// The names of all filters that turn the node away.
    func refusals(of node: Node, for request: Request) -> Set<String> {
        var refusals: Set<String> = []
        func require(_ isMet: Bool, _ filter: String) {
            if !isMet {
                refusals.insert(filter)
            }
        }
        let taken = node.containers.flatMap(\.ports)
        let limit = limit(of: node)
        let after = node.reserved + request.claim
        let names = node.containers.flatMap { [$0.name, $0.id, String($0.id.prefix(12))] }
        require(!node.isDown && !node.isCordoned, "health")
        require(!request.ports.contains { wanted in taken.contains { $0.clashes(with: wanted) } }, "port")
        require(node.labels["containerslots"].flatMap { Int($0) }.map { node.workload < $0 } ?? true, "containerslots")
        require(request.dependencies.allSatisfy { wanted in hasContainer(wanted, node) }, "dependency")
        require(request.volumes.allSatisfy { volume in node.volumes.contains(volume) || isNew(volume) }, "dependency")
        for affinity in request.affinities {
            switch affinity.key {
            case "container": require(affinity.accepts(names), "affinity")
            case "image": require(affinity.accepts(Array(node.images)), "affinity")
            default: require(affinity.accepts(node.containers.compactMap { $0.labels[affinity.key] }), "affinity")
            }
        }
        for constraint in request.constraints {
            let values = constraint.key == "node" ? [node.id, node.name] : [node.labels[constraint.key] ?? nil]
            require(constraint.accepts(values.compactMap(\.self)), "constraint")
        }
        require(request.whitelist.isEmpty || request.whitelist.contains(node.name), "whitelist")
        require(request.claim.nanoCPUs == 0 || after.nanoCPUs <= limit.nanoCPUs, "resources")
        require(request.claim.memory == 0 || after.memory <= limit.memory, "resources")
        return refusals
    }

    private func limit(of node: Node) -> Resources { NodeSnapshot(node).promisable(overcommit: overcommit) }

    private func hasContainer(_ reference: String, _ node: Node) -> Bool {
        node.containers.contains { $0.name == reference || $0.id.hasPrefix(reference) }
    }

    private func isNew(_ volume: String) -> Bool { !nodes.contains { $0.volumes.contains(volume) } }

    /// The least is the best.
    private func rank(of node: Node, for claim: Resources) -> [Int] {
        func percent(_ claim: Int64, _ reserved: Int64, _ limit: Int64) -> Int {
            claim == 0 ? 100 : Int((Double(reserved) + Double(claim)) * 100 / Double(limit))
        }
        let limit = limit(of: node)
        let weight =
            percent(claim.nanoCPUs, node.reserved.nanoCPUs, limit.nanoCPUs)
            + percent(claim.memory, node.reserved.memory, limit.memory)
        switch strategy {
        case "random": return [0]
        case "binpack": return [-weight, -node.workload]
        case "spread": return [weight, node.workload]
        default:
            let label = String(strategy.dropFirst("spread:".count))
            let group = nodes.filter { $0.labels[label] ?? "" == node.labels[label] ?? "" }
            return [group.reduce(0) { $0 + $1.workload }, weight, node.workload]
        }
    }
}

extension NodeSnapshot {
    init(_ node: ModelCluster.Node) {
        self.init(
            address: node.id,
            id: node.id,
            name: node.name,
            problem: node.isDown ? "Disconnected: connection refused" : nil,
            isCordoned: node.isCordoned,
            labels: node.labels,
            capacity: node.capacity,
            images: node.images,
            volumes: node.volumes
        )
        for container in node.containers {
            add(NodeContainer(container), claim: container.claim, ports: container.ports)
        }
    }
}

extension NodeContainer {
    init(_ container: ModelCluster.Container) {
        self.init(
            id: container.id,
            name: container.name,
            labels: container.labels,
            isOverhead: container.isOverhead
        )
    }
}
