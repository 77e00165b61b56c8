// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// How a node is chosen among those that can host a container.
package enum Strategy: Sendable, Hashable {
    /// The node with the least share reserved; with a label, first the value of it (a rack, a zone)
    /// with the fewest containers.
    case spread(label: String?)
    /// The node with the greatest share reserved that still fits.
    case binpack
    case random

    /// Reads `spread`, `spread:LABEL`, `binpack` or `random`.
    ///
    /// - Throws: ``SchedulingError/unknownName(kind:name:known:)``.
    package init(parsing text: String) throws(SchedulingError) {
        switch text {
        case "spread": self = .spread(label: nil)
        case "binpack": self = .binpack
        case "random": self = .random
        default:
            guard text.hasPrefix("spread:"), text.count > "spread:".count else {
                throw .unknownName(
                    kind: "strategy",
                    name: text,
                    known: ["spread", "spread:LABEL", "binpack", "random"]
                )
            }
            self = .spread(label: String(text.dropFirst("spread:".count)))
        }
    }

    /// As on the command line.
    package var name: String {
        switch self {
        case .spread(nil): "spread"
        case .spread(.some(let label)): "spread:\(label)"
        case .binpack: "binpack"
        case .random: "random"
        }
    }

    /// The label whose values are spread over before nodes are.
    var label: String? {
        if case .spread(let label) = self { label } else { nil }
    }

    /// What is ranked, when groups are left aside.
    var ranking: Ranking {
        switch self {
        case .spread: .leastFirst
        case .binpack: .mostFirst
        case .random: .equal
        }
    }
}

/// How good nodes are for a claim: the node with the least rank is the best.
///
/// Weights are classic swarm's, see ``NodeLoad/weight(of:)``; nodes with the same one are told apart by their
/// containers.
enum Ranking: Sendable {
    case leastFirst
    case mostFirst
    case equal

    func rank(of load: NodeLoad, claim: Resources) -> Int {
        switch self {
        case .equal: 0
        case .leastFirst: load.weight(of: claim) << 32 &+ load.containers
        case .mostFirst: 0 &- (load.weight(of: claim) << 32 &+ load.containers)
        }
    }

    /// No node within the bounds on which the claim fits has a lower rank.
    func leastRank(of bounds: LoadBounds, claim: Resources) -> Int {
        switch self {
        case .equal: 0
        case .leastFirst: bounds.leastWeight(of: claim) << 32 &+ bounds.leastContainers
        case .mostFirst: 0 &- (bounds.mostWeight(of: claim) << 32 &+ bounds.mostContainers)
        }
    }
}
