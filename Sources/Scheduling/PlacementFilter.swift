// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Turns away nodes that cannot host a container, one kind of reason each.
package protocol PlacementFilter: Sendable {
    /// The name on the command line.
    var name: String { get }

    /// What the request asks of this filter, in classic swarm's words; empty when nothing, and then the
    /// filter is not asked about any node.
    func conditions(of request: PlacementRequest) -> [String]

    /// Why `node` cannot host the container, or `nil` when it can.
    func rejection(of node: NodeSnapshot, for request: PlacementRequest) -> Rejection.Reason?

    /// Whether the indexes and the order of a ``NodeTable`` decide all that the request asks of this filter,
    /// so that nodes found there need not be asked about.
    func isIndexed(for request: PlacementRequest) -> Bool
}

extension PlacementFilter {
    package func isIndexed(for request: PlacementRequest) -> Bool { false }
}

/// The filters by name, in the order in which they are applied when none are named.
package enum PlacementFilters {
    /// Makes the filters that are named, in the default order, or all when `names` is empty.
    ///
    /// The resources of a node are always respected, as classic swarm's strategies did.
    ///
    /// - Parameters:
    ///   - names: of `--filter`.
    ///   - overcommit: the share of a node that may be promised beyond what it has.
    /// - Returns: at least one filter.
    /// - Throws: ``SchedulingError/unknownName(kind:name:known:)``.
    package static func make(
        names: [String] = [],
        overcommit: Double = 0.05
    ) throws(SchedulingError) -> [any PlacementFilter] {
        let all: [any PlacementFilter] = [
            HealthFilter(), PortFilter(), SlotsFilter(), DependencyFilter(), AffinityFilter(), ConstraintFilter(),
            WhitelistFilter(), PlatformFilter(), ResourcesFilter(overcommit: overcommit), DeviceFilter(),
        ]
        let known = all.map(\.name)
        for name in names where !known.contains(name) {
            throw .unknownName(kind: "filter", name: name, known: known)
        }
        return all.filter { names.isEmpty || names.contains($0.name) || $0 is ResourcesFilter }
    }
}
