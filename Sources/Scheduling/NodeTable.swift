// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The nodes of a cluster, kept so that choosing one of ten thousand takes microseconds.
///
/// Each node has a slot, which stays the same while the node is there. Beside the nodes there are their
/// loads as plain numbers, an order by load, and indexes of labels, images, volumes and networks.
package struct NodeTable: Sendable {
    /// By slot; what is in a free slot means nothing.
    private(set) var nodes: [NodeSnapshot] = []
    private(set) var loads: [NodeLoad] = []
    /// The slots in use.
    private(set) var used = NodeBits(capacity: 0)
    /// One order for each value of the label that the strategy spreads over, or one for all nodes.
    private(set) var groups: [NodeGroup] = []
    private(set) var images = TermIndex()
    private(set) var volumes = TermIndex()
    private(set) var networks = TermIndex()
    /// Ids and names.
    private var names = TermIndex()
    /// By key.
    private var labels: [String: TermIndex] = [:]

    private let rules: Rules
    private var groupNumbers: [String: Int] = [:]
    private var free: [Int] = []

    /// What the scheduler decides about the table.
    struct Rules: Sendable {
        /// The label to group by.
        let label: String?
        let overcommit: Double
        let skipsUnhealthy: Bool
        let respectsSlots: Bool
    }

    /// The parts of a node that are indexed.
    private struct Terms {
        let id: String
        let name: String
        let labels: [String: String]
        let images: Set<String>
        let volumes: Set<String>
        let networks: Set<String>

        static let none = Terms(id: "", name: "", labels: [:], images: [], volumes: [], networks: [])
    }

    init(rules: Rules) {
        self.rules = rules
    }

    /// The number of slots, used or not.
    var capacity: Int { nodes.count }
    package var count: Int { nodes.count - free.count }

    /// The node in a slot that is in use.
    package subscript(slot: Int) -> NodeSnapshot { nodes[slot] }

    /// Adds a node.
    ///
    /// - Returns: its slot, at most as large as the greatest number of nodes there have been.
    package mutating func insert(_ node: NodeSnapshot) -> Int {
        let slot = free.popLast() ?? nodes.count
        if slot == nodes.count {
            nodes.append(node)
            loads.append(NodeLoad())
        } else {
            nodes[slot] = node
        }
        used[slot] = true
        index(slot, from: .none)
        list(slot)
        return slot
    }

    /// Removes the node in a slot that is in use.
    package mutating func remove(_ slot: Int) {
        unlist(slot)
        let old = Self.terms(of: nodes[slot])
        nodes[slot] = NodeSnapshot(name: "")
        index(slot, from: old)
        loads[slot] = NodeLoad()
        used[slot] = false
        free.append(slot)
    }

    /// Changes the node in a slot that is in use.
    package mutating func update(_ slot: Int, _ change: (inout NodeSnapshot) -> Void) {
        let old = Self.terms(of: nodes[slot])
        unlist(slot)
        change(&nodes[slot])
        index(slot, from: old)
        list(slot)
    }

    /// The nodes by name, then address.
    func sorted(excluding excluded: Set<Int>) -> [NodeSnapshot] {
        used.slots.filter { !excluded.contains($0) }.map { nodes[$0] }
            .sorted { ($0.name, $0.address) < ($1.name, $1.address) }
    }

    // MARK: Order

    /// Takes the node out of its group, with the load with which it was put in.
    private mutating func unlist(_ slot: Int) {
        let load = loads[slot]
        groups[load.group].containers -= load.containers
        if load.isOpen {
            groups[load.group].order.remove(slot, loads: loads)
        }
    }

    private mutating func list(_ slot: Int) {
        let load = load(of: nodes[slot])
        loads[slot] = load
        groups[load.group].containers += load.containers
        if load.isOpen {
            groups[load.group].order.insert(slot, loads: loads)
        }
    }

    private mutating func load(of node: NodeSnapshot) -> NodeLoad {
        let isAvailable = !rules.skipsUnhealthy || (node.problem == nil && !node.isCordoned)
        let hasSlot = !rules.respectsSlots || node.slots.map { node.workload < $0 } ?? true
        return NodeLoad(
            reserved: node.reserved,
            limit: node.promisable(overcommit: rules.overcommit),
            containers: node.workload,
            group: group(of: node),
            isOpen: isAvailable && hasSlot
        )
    }

    private mutating func group(of node: NodeSnapshot) -> Int {
        let value = rules.label.flatMap { node.labels[$0] } ?? ""
        if let number = groupNumbers[value] {
            return number
        }
        groups.append(NodeGroup())
        groupNumbers[value] = groups.count - 1
        return groups.count - 1
    }

    // MARK: Indexes

    private static func terms(of node: NodeSnapshot) -> Terms {
        Terms(
            id: node.id,
            name: node.name,
            labels: node.labels,
            images: node.images,
            volumes: node.volumes,
            networks: node.networks
        )
    }

    private mutating func index(_ slot: Int, from old: Terms) {
        let new = Self.terms(of: nodes[slot])
        // Equal ones share their storage most of the time, so that comparing them takes no time.
        if old.labels != new.labels {
            for (key, value) in old.labels where new.labels[key] != value {
                labels[key]?.replace(CollectionOfOne(value), by: EmptyCollection(), of: slot)
            }
            for (key, value) in new.labels where old.labels[key] != value {
                labels[key, default: TermIndex()].replace(EmptyCollection<String>(), by: [value], of: slot)
            }
        }
        if old.id != new.id || old.name != new.name {
            names.replace([old.id, old.name], by: Set([new.id, new.name]), of: slot)
        }
        Self.change(&images, from: old.images, to: new.images, of: slot)
        Self.change(&volumes, from: old.volumes, to: new.volumes, of: slot)
        Self.change(&networks, from: old.networks, to: new.networks, of: slot)
    }

    private static func change(_ index: inout TermIndex, from old: Set<String>, to new: Set<String>, of slot: Int) {
        if old != new {
            index.replace(old.subtracting(new), by: new.subtracting(old), of: slot)
        }
    }

    // MARK: Conditions

    /// The nodes that meet a condition on the node itself.
    mutating func nodes(meeting constraint: PlacementExpression) -> NodeBits {
        let capacity = capacity
        let found =
            constraint.key == "node"
            ? names.nodes(matching: constraint, capacity: capacity)
            : labels[constraint.key]?.nodes(matching: constraint, capacity: capacity)
        return complement(of: found ?? NodeBits(capacity: capacity), unless: constraint.comparison == .equal)
    }

    /// Whether any node has an image by that id, tag or digest.
    package func hasImage(_ name: String) -> Bool { images.contains(name) }

    /// The nodes that meet a condition on their images.
    mutating func nodes(meetingImage affinity: PlacementExpression) -> NodeBits {
        let found = images.nodes(matching: affinity, capacity: nodes.count)
        return complement(of: found, unless: affinity.comparison == .equal)
    }

    /// The nodes that a list allows.
    func nodes(meetingList whitelist: PlacementExpression) -> NodeBits {
        let listed = whitelist.value.split(separator: "|").lazy.map(String.init)
        let index = whitelist.key == "node" ? names : labels[whitelist.key]
        let found = index?.nodes(having: listed, capacity: capacity)
        return complement(of: found ?? NodeBits(capacity: capacity), unless: whitelist.comparison == .equal)
    }

    private func complement(of bits: NodeBits, unless isWanted: Bool) -> NodeBits {
        guard !isWanted else {
            return bits
        }
        var others = used
        others.subtract(bits)
        return others
    }
}

/// The nodes with one value of a label.
struct NodeGroup: Sendable {
    /// Containers of users on all of them.
    var containers = 0
    /// Those that may take a container.
    var order = LoadOrder()
}
