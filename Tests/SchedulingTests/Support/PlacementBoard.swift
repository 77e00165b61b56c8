// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Scheduling

/// A cluster for examples: each container is placed and stays.
struct PlacementBoard {
    private let scheduler: Scheduler
    private var table: NodeTable
    private var slots: [Int] = []
    private var ties = TieBreaker(seed: 7)
    private var made = 0

    init(
        _ nodes: [NodeSnapshot],
        strategy: String = "spread",
        filters: [String] = [],
        overcommit: Double = 0.05
    ) throws {
        scheduler = try Scheduler(strategy: strategy, filters: filters, overcommit: overcommit)
        table = scheduler.makeTable()
        slots = nodes.map { table.insert($0) }
    }

    /// The nodes in the order in which they were given.
    var nodes: [NodeSnapshot] { slots.map { table[$0] } }

    /// Places a container and returns the name of its node.
    @discardableResult
    mutating func place(_ request: PlacementRequest = PlacementRequest()) throws -> String {
        let slot = try scheduler.choose(for: request, in: &table, using: &ties)
        made += 1
        let container = NodeContainer(id: "c\(made)", name: request.name, labels: request.labels)
        table.update(slot) { $0.add(container, claim: request.claim, ports: request.ports) }
        return table[slot].name
    }

    /// Places containers one after the other and returns the names of their nodes.
    mutating func place(_ requests: [PlacementRequest]) throws -> [String] {
        try requests.map { try place($0) }
    }

    /// The nodes that could be chosen for the request now, by name.
    mutating func candidates(_ request: PlacementRequest) -> [String] {
        slots.filter { slot in
            let others = Set(slots).subtracting([slot])
            return (try? scheduler.choose(for: request, in: &table, excluding: others, using: &ties)) == slot
        }.map { table[$0].name }
    }
}
