// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Filters, then a strategy.
package struct Scheduler: Sendable {
    package let filters: [any PlacementFilter]
    package let strategy: Strategy
    /// The share of a node that may be promised beyond what it has.
    package let overcommit: Double

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
    }

    /// The offset in `nodes` of the node to place the container on.
    ///
    /// Soft expressions are dropped, all at once as in classic swarm, when no node satisfies them too.
    ///
    /// - Parameters:
    ///   - request: what the container asks for.
    ///   - nodes: all nodes of the cluster, in the order in which the error is to name them.
    ///   - generator: breaks ties.
    /// - Returns: an offset into `nodes`.
    /// - Throws: ``SchedulingError``.
    package func choose(
        for request: PlacementRequest,
        among nodes: [NodeSnapshot],
        using generator: inout some RandomNumberGenerator
    ) throws(SchedulingError) -> Int {
        var request = request
        // A volume that no node has is made where the container goes; a missing network is the engine's to report.
        request.volumes.removeAll { volume in !nodes.contains { $0.volumes.contains(volume) } }
        request.networks.removeAll { network in !nodes.contains { $0.networks.contains(network) } }
        var outcome = sift(nodes, for: request)
        if outcome.candidates.isEmpty {
            request = request.withoutSoftExpressions
            outcome = sift(nodes, for: request)
        }
        let chosen = strategy.choose(
            among: outcome.candidates,
            of: nodes,
            claim: request.claim,
            overcommit: overcommit,
            using: &generator
        )
        guard let chosen else {
            throw error(for: request, rejections: outcome.rejections, total: nodes.count)
        }
        return chosen
    }

    /// The nodes that pass all filters, and why each of the others does not.
    private func sift(
        _ nodes: [NodeSnapshot],
        for request: PlacementRequest
    ) -> (candidates: [Int], rejections: [Rejection]) {
        let asked = filters.filter { !$0.conditions(of: request).isEmpty }
        var candidates: [Int] = []
        var rejections: [Rejection] = []
        for index in nodes.indices {
            if let rejection = rejection(of: nodes[index], for: request, by: asked) {
                rejections.append(rejection)
            } else {
                candidates.append(index)
            }
        }
        return (candidates, rejections)
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
