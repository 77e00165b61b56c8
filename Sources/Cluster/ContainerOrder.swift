// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Synchronization

/// All containers of a snapshot, the newest first.
package struct ContainerOrder: Sendable {
    /// A container: the number of its node in ``nodes`` and its own there.
    package struct Place: Sendable {
        /// In seconds since 1970.
        let createdAt: Double
        package let node: Int32
        package let position: Int32
    }

    /// In the snapshot's order.
    package let nodes: [ListedNode]
    package let places: [Place]

    /// The containers of some nodes, in no order that means anything.
    package func places(of numbers: some Sequence<Int>) -> [Place] {
        var found: [Place] = []
        for number in numbers {
            for (position, facts) in nodes[number].facts.enumerated() {
                found.append(
                    Place(
                        createdAt: facts.createdAt,
                        node: Int32(truncatingIfNeeded: number),
                        position: Int32(truncatingIfNeeded: position)
                    )
                )
            }
        }
        return found
    }

    /// Puts the newest first; of two made at the same instant, that with the greater id.
    package func sort(_ places: inout [Place]) {
        places.sort { isNewer($0, than: $1) }
    }

    private func isNewer(_ left: Place, than right: Place) -> Bool {
        left.createdAt == right.createdAt ? id(left) > id(right) : left.createdAt > right.createdAt
    }

    private func id(_ place: Place) -> String {
        nodes[Int(place.node)].containers[Int(place.position)].id
    }

    // MARK: From one list to the next

    /// What is kept of an order: no container, so that those that are gone take no memory.
    struct Memory: Sendable {
        var numbers: [UInt64] = []
        var addresses: [String] = []
        var names: [String] = []
        var prefixes: [[UInt8]] = []
        var places: [Place] = []

        /// Whether nothing is to be kept of the order that is not here.
        func isStill(_ order: ContainerOrder) -> Bool {
            numbers.elementsEqual(order.nodes.lazy.map(\.node.listing.number))
                && names.elementsEqual(order.nodes.lazy.map(\.node.name))
                && addresses.elementsEqual(order.nodes.lazy.map(\.node.address))
        }
    }

    /// Puts all containers in order; what has not changed since `memory` is not sorted again.
    static func of(_ snapshot: ClusterSnapshot, _ memory: Memory) -> ContainerOrder {
        let hasSameNodes = memory.addresses.elementsEqual(snapshot.nodes.lazy.map(\.address))
        let nodes = snapshot.nodes.enumerated().map { number, node in
            ListedNode(node, prefix: hasSameNodes && memory.names[number] == node.name ? memory.prefixes[number] : nil)
        }
        guard hasSameNodes else {
            return ContainerOrder(nodes: nodes, places: []).sorted()
        }
        let order = ContainerOrder(nodes: nodes, places: memory.places)
        let changed = nodes.indices.filter { memory.numbers[$0] != nodes[$0].node.listing.number }
        return changed.isEmpty ? order : order.replacing(changed)
    }

    private func sorted() -> ContainerOrder {
        var all = places(of: nodes.indices)
        sort(&all)
        return ContainerOrder(nodes: nodes, places: all)
    }

    /// Takes the places of some nodes out, and puts those that they have now in between.
    private func replacing(_ changed: [Int]) -> ContainerOrder {
        var isChanged = [Bool](repeating: false, count: nodes.count)
        for number in changed {
            isChanged[number] = true
        }
        var added = places(of: changed)
        sort(&added)
        var merged: [Place] = []
        merged.reserveCapacity(places.count + added.count)
        var next = 0
        for place in places where !isChanged[Int(place.node)] {
            while next < added.count, isNewer(added[next], than: place) {
                merged.append(added[next])
                next += 1
            }
            merged.append(place)
        }
        merged += added[next...]
        return ContainerOrder(nodes: nodes, places: merged)
    }

    var memory: Memory {
        Memory(
            numbers: nodes.map { $0.node.listing.number },
            addresses: nodes.map { $0.node.address },
            names: nodes.map { $0.node.name },
            prefixes: nodes.map(\.prefix),
            places: places
        )
    }
}

/// A node in a list.
package final class ListedNode: Sendable {
    package let node: NodeState
    package let containers: [ContainerState]
    /// Of each of them.
    package let facts: [ListedFacts]
    /// The names of all of them, in lines.
    package let names: [UInt8]
    /// `/NODE` as it is inside of a JSON string.
    package let prefix: [UInt8]

    init(_ node: NodeState, prefix: [UInt8]?) {
        self.node = node
        let parts = node.listing.parts
        containers = parts.containers
        facts = parts.facts
        names = parts.names
        self.prefix = prefix ?? Array(JSON("/\(node.name)").bytes.dropFirst().dropLast())
    }
}

/// The order of the last list, for the next one.
package final class OrderMemory: Sendable {
    private let memory = Mutex(ContainerOrder.Memory())

    package init() {}

    /// The containers of a snapshot in order.
    package func order(of snapshot: ClusterSnapshot) -> ContainerOrder {
        let last = memory.withLock { $0 }
        let order = ContainerOrder.of(snapshot, last)
        if !last.isStill(order) {
            let kept = order.memory
            memory.withLock { $0 = kept }
        }
        return order
    }
}
