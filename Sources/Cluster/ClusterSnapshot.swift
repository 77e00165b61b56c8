// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The cluster at one instant: a value that never changes, taken without waiting.
package struct ClusterSnapshot: Sendable {
    /// Sorted by name, then address.
    package internal(set) var nodes: [NodeState]
    package internal(set) var discovery: DiscoveryStatus
    package internal(set) var strategyName: String
    package internal(set) var filterNames: [String]
    /// The share of memory and CPUs that may be promised beyond a node's own; 0.05 is 5 %.
    package internal(set) var overcommit: Double
    var index: ContainerIndex

    /// The nodes that answer.
    package var healthyNodes: [NodeState] { nodes.filter { $0.status == .healthy } }

    /// The node with this name, address or engine id (or unique prefix of one, at least 4 characters).
    package func node(_ reference: String) -> NodeState? {
        nodes.first { $0.name == reference || $0.address == reference || $0.engineID == reference }
            ?? uniqueNode { reference.count >= 4 && $0.engineID.hasPrefix(reference) }
    }

    private func uniqueNode(where matches: (NodeState) -> Bool) -> NodeState? {
        let found = nodes.filter(matches)
        return found.count == 1 ? found.first : nil
    }
}

/// What a reference to a container led to.
package enum Lookup: Sendable {
    case found(ContainerState, on: NodeState)
    case missing
    /// An id prefix, or a name that is there on several nodes; the candidates as `NODE/NAME (ID)`.
    case ambiguous([String])
}

/// What discovery last said.
package enum DiscoveryStatus: Sendable, Equatable {
    case waiting
    case fresh
    /// The member list is frozen: the store fails, since (seconds since 1970).
    case stale(reason: String, since: Double)
}
