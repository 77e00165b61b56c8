// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI

/// The cluster at one instant: a value that never changes, taken without waiting.
package struct ClusterSnapshot: Sendable {
    /// Sorted by name, then address.
    package internal(set) var nodes = NodeList()
    package internal(set) var discovery: DiscoveryStatus = .waiting
    package internal(set) var strategyName: String
    package internal(set) var filterNames: [String]
    /// The share of memory and CPUs that may be promised beyond a node's own; 0.05 is 5 %.
    package internal(set) var overcommit: Double

    /// The nodes that answer.
    package var healthyNodes: [NodeState] { nodes.filter { $0.status == .healthy } }

    /// What every healthy engine speaks; `nil` without healthy nodes or without a common version.
    ///
    /// Kept, because every answer names it.
    package internal(set) var apiVersions: APIVersionRange?
    /// How many different images the nodes have.
    package internal(set) var imageCount = 0
    /// The names of the nodes, by address.
    var names: [String: String] = [:]

    /// The node that registered with this address.
    package func node(address: String) -> NodeState? {
        guard let name = names[address] else {
            return nil
        }
        let position = nodes.position(name: name, address: address)
        return position < nodes.endIndex && nodes[position].address == address ? nodes[position] : nil
    }

    /// Whether a node has this name, as a reference of the form `NODE/CONTAINER` gives it.
    package func hasNode(named name: String) -> Bool {
        let position = nodes.position(name: name, address: "")
        return position < nodes.endIndex && nodes[position].name == name
    }

    /// The node with this name, address or engine id, or an unambiguous prefix of an id with at least
    /// four characters.
    package func node(_ reference: String) -> NodeState? {
        if let named = node(address: reference) ?? nodes.named(reference).first(where: { _ in true }) {
            return named
        }
        let exact = nodes.first { $0.engineID == reference }
        guard exact == nil, reference.count >= 4 else {
            return exact
        }
        let found = nodes.filter { $0.engineID.hasPrefix(reference) }
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
    /// The member list is frozen because the store fails, since that many seconds after 1970.
    case stale(reason: String, since: Double)
}
