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

    /// Chooses among `candidates`, offsets into `nodes`; `nil` only when there are none.
    ///
    /// Weights are classic swarm's: reserved CPUs and reserved memory after the placement, each in
    /// percent of what may be promised, 100 for one that is not asked for. Ties go to the node with the
    /// fewest containers (the most, for binpack), then to one at random.
    func choose(
        among candidates: [Int],
        of nodes: [NodeSnapshot],
        claim: Resources,
        overcommit: Double,
        using generator: inout some RandomNumberGenerator
    ) -> Int? {
        var choice = RankedChoice()
        switch self {
        case .random: return candidates.randomElement(using: &generator)
        case .binpack:
            for index in candidates {
                let weight = nodes[index].weight(of: claim, overcommit: overcommit)
                let rank = RankedChoice.Rank(-weight, -nodes[index].workload)
                choice.offer(index, rank: rank, using: &generator)
            }
        case .spread(let label):
            let groups = label.map { Self.containers(by: $0, of: nodes) }
            for index in candidates {
                let weight = nodes[index].weight(of: claim, overcommit: overcommit)
                let group = label.flatMap { groups?[nodes[index].labels[$0] ?? ""] } ?? 0
                let rank = RankedChoice.Rank(weight, nodes[index].workload, group: group)
                choice.offer(index, rank: rank, using: &generator)
            }
        }
        return choice.best
    }

    /// How many containers are on nodes with each value of a label.
    private static func containers(by label: String, of nodes: [NodeSnapshot]) -> [String: Int] {
        nodes.reduce(into: [:]) { $0[$1.labels[label] ?? "", default: 0] += $1.workload }
    }
}

/// The least of the ranks offered, one of the equal ones at random.
private struct RankedChoice {
    struct Rank: Comparable {
        let group: Int
        let weight: Int
        let count: Int

        init(_ weight: Int, _ count: Int, group: Int = 0) {
            self.group = group
            self.weight = weight
            self.count = count
        }

        static func < (left: Rank, right: Rank) -> Bool {
            (left.group, left.weight, left.count) < (right.group, right.weight, right.count)
        }
    }

    private(set) var best: Int?
    private var rank = Rank(0, 0)
    private var equals = 0

    mutating func offer(_ index: Int, rank offered: Rank, using generator: inout some RandomNumberGenerator) {
        if best == nil || offered < rank {
            best = index
            rank = offered
            equals = 1
        } else if offered == rank {
            equals += 1
            // Reservoir sampling: each of the equal ones is kept with the same chance.
            if Int.random(in: 0..<equals, using: &generator) == 0 {
                best = index
            }
        }
    }
}

extension NodeSnapshot {
    /// Classic swarm's weight of the node if the claim were placed on it.
    fileprivate func weight(of claim: Resources, overcommit: Double) -> Int {
        guard claim.nanoCPUs > 0 || claim.memory > 0 else {
            return 200
        }
        let limit = promisable(overcommit: overcommit)
        return Self.percent(claim.nanoCPUs, on: reserved.nanoCPUs, of: limit.nanoCPUs)
            + Self.percent(claim.memory, on: reserved.memory, of: limit.memory)
    }

    private static func percent(_ claim: Int64, on reserved: Int64, of limit: Int64) -> Int {
        guard claim > 0, limit > 0 else {
            return 100
        }
        return Int(min(1000, (Double(reserved) + Double(claim)) * 100 / Double(limit)))
    }
}
