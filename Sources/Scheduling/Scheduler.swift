// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Filters, then a strategy.
package struct Scheduler: Sendable {
    package let filters: [any PlacementFilter]
    package let strategy: Strategy
    /// The share of a node that may be promised beyond what it has.
    package let overcommit: Double
    private let names: Set<String>

    /// Reads the names of the command line.
    ///
    /// - Parameters:
    ///   - strategy: `spread`, `spread:LABEL`, `binpack` or `random`.
    ///   - filters: names; all filters when empty.
    ///   - overcommit: not below zero.
    /// - Throws: ``SchedulingError/unknownName(kind:name:known:)``.
    package init(
        strategy: String = "spread",
        filters: [String] = [],
        overcommit: Double = 0.05
    ) throws(SchedulingError) {
        self.strategy = try Strategy(parsing: strategy)
        self.filters = try PlacementFilters.make(names: filters, overcommit: overcommit)
        self.overcommit = overcommit
        names = Set(self.filters.map(\.name))
    }

    /// A table to keep nodes in that this scheduler is to choose from.
    package func makeTable() -> NodeTable {
        NodeTable(
            rules: .init(
                label: strategy.label,
                overcommit: overcommit,
                skipsUnhealthy: names.contains("health"),
                respectsSlots: names.contains("containerslots")
            )
        )
    }

    /// The slot of the node to place the container on.
    ///
    /// Soft expressions are dropped, all at once as in classic swarm, when no node satisfies them too.
    ///
    /// - Parameters:
    ///   - request: what the container asks for.
    ///   - table: made by ``makeTable()`` of an equal scheduler; only what it remembers of patterns changes.
    ///   - excluded: slots that must not be chosen; the error does not name them.
    ///   - ties: breaks them.
    /// - Returns: a slot of `table` that is in use.
    /// - Throws: ``SchedulingError``; its rejections are in the order of the nodes' names.
    package func choose(
        for request: PlacementRequest,
        in table: inout NodeTable,
        excluding excluded: Set<Int> = [],
        using ties: inout TieBreaker
    ) throws(SchedulingError) -> Int {
        var request = request
        // A volume that no node has is made where the container goes; a missing network is the engine's to report.
        request.volumes.removeAll { !table.volumes.contains($0) }
        request.networks.removeAll { !table.networks.contains($0) }
        if let slot = search(for: request, in: &table, excluding: excluded).best(in: table, using: &ties) {
            return slot
        }
        let hard = request.withoutSoftExpressions
        if hard != request,
            let slot = search(for: hard, in: &table, excluding: excluded).best(in: table, using: &ties)
        {
            return slot
        }
        throw error(for: hard, among: table.sorted(excluding: excluded))
    }

    private func search(
        for request: PlacementRequest,
        in table: inout NodeTable,
        excluding excluded: Set<Int>
    ) -> PlacementSearch {
        let asked = filters.filter { !$0.isIndexed(for: request) && !$0.conditions(of: request).isEmpty }
        return PlacementSearch(
            request: request,
            ranking: strategy.ranking,
            isGrouped: strategy.label != nil,
            filters: asked,
            allowed: allowed(for: request, in: &table, excluding: excluded)
        )
    }

    /// The nodes that the indexed filters leave; `nil` for all of them.
    private func allowed(
        for request: PlacementRequest,
        in table: inout NodeTable,
        excluding excluded: Set<Int>
    ) -> NodeBits? {
        var sets: [NodeBits] = []
        if !request.constraints.isEmpty, names.contains("constraint") {
            sets += request.constraints.map { table.nodes(meeting: $0) }
        }
        if !request.whitelists.isEmpty, names.contains("whitelist") {
            sets += request.whitelists.map { table.nodes(meetingList: $0) }
        }
        if !request.affinities.isEmpty, names.contains("affinity") {
            sets += request.affinities.filter { $0.key == "image" }.map { table.nodes(meetingImage: $0) }
        }
        if !request.volumes.isEmpty || !request.networks.isEmpty, names.contains("dependency") {
            sets += request.volumes.map { table.volumes.nodes(having: [$0], capacity: table.capacity) }
            sets += request.networks.map { table.networks.nodes(having: [$0], capacity: table.capacity) }
        }
        guard !sets.isEmpty || !excluded.isEmpty else {
            return nil
        }
        var allowed = table.used
        for set in sets {
            allowed.formIntersection(set)
        }
        for slot in excluded {
            allowed[slot] = false
        }
        return allowed
    }

    private func error(for request: PlacementRequest, among nodes: [NodeSnapshot]) -> SchedulingError {
        let asked = filters.filter { !$0.conditions(of: request).isEmpty }
        let rejections = nodes.compactMap { rejection(of: $0, for: request, by: asked) }
        return error(for: request, rejections: rejections, total: nodes.count)
    }

    private func rejection(
        of node: NodeSnapshot,
        for request: PlacementRequest,
        by filters: [any PlacementFilter]
    ) -> Rejection? {
        for filter in filters {
            if let reason = filter.rejection(of: node, for: request) {
                return Rejection(filter: filter.name, node: node.name, reason: reason)
            }
        }
        return nil
    }

    private func error(for request: PlacementRequest, rejections: [Rejection], total: Int) -> SchedulingError {
        if rejections.allSatisfy({ $0.filter == "health" }) {
            return .noHealthyNode(rejections)
        }
        let conditions = filters.filter { !($0 is HealthFilter) }.flatMap { $0.conditions(of: request) }
        return .everyNodeRejected(
            container: request.name,
            conditions: conditions,
            rejections: rejections,
            total: total
        )
    }
}
