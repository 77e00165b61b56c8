// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Finds the best node of a table for one request.
///
/// First the best rank, passing over whatever cannot be better; then one at random of the nodes that
/// have it. Filters that no index decides are asked about those nodes alone that could be chosen.
struct PlacementSearch {
    let request: PlacementRequest
    let ranking: Ranking
    /// Whether the group with the fewest containers comes first.
    let isGrouped: Bool
    let filters: [any PlacementFilter]
    /// The nodes that may be chosen; `nil` for all of them.
    let allowed: NodeBits?

    /// With so few allowed nodes, looking at each is faster than looking for them in the order.
    private static let few = 128
    /// Nodes picked at random before all that are equally good are looked for.
    private static let tries = 32

    /// A rank, and how many nodes near the one that was found first have it.
    private struct Best {
        var rank = Int.max
        var ties = 0
    }

    /// The slot of the best node; `nil` when none can host the container.
    func best(in table: NodeTable, using ties: inout TieBreaker) -> Int? {
        if let allowed {
            let count = allowed.count
            if count <= Self.few || count * 4 <= table.capacity {
                return best(of: allowed, in: table, using: &ties)
            }
        }
        for groups in levels(of: table) {
            var best = Best()
            for group in groups {
                lower(&best, in: table.groups[group].order, of: table)
            }
            if best.rank != .max {
                // One that is found by trying is found without looking at all; where ties are rare that is vain.
                let isCommon = best.ties >= LoadOrder.partLimit / 8
                let sampled = isCommon ? sample(rank: best.rank, in: groups, of: table, using: &ties) : nil
                return sampled ?? any(rank: best.rank, in: groups, of: table, using: &ties)
            }
        }
        return nil
    }

    /// Groups with the same number of containers, those with the fewest first.
    private func levels(of table: NodeTable) -> [[Int]] {
        guard isGrouped else {
            return [Array(table.groups.indices)]
        }
        let open = table.groups.indices.filter { !table.groups[$0].order.parts.isEmpty }
        return Dictionary(grouping: open) { table.groups[$0].containers }
            .sorted { $0.key < $1.key }.map(\.value)
    }

    /// The best of a few nodes, one of the equal ones at random.
    private func best(of slots: NodeBits, in table: NodeTable, using ties: inout TieBreaker) -> Int? {
        var choice = FairChoice()
        var bestGroup = Int.max
        var bestRank = Int.max
        for slot in slots.slots {
            let load = table.loads[slot]
            guard load.isOpen, load.fits(request.claim) else {
                continue
            }
            let group = isGrouped ? table.groups[load.group].containers : 0
            let rank = ranking.rank(of: load, claim: request.claim)
            let isEqual = group == bestGroup && rank == bestRank
            let isBetter = group < bestGroup || (group == bestGroup && rank < bestRank)
            guard isEqual || isBetter, passesFilters(slot, of: table) else {
                continue
            }
            if isBetter {
                (bestGroup, bestRank) = (group, rank)
                choice = FairChoice()
            }
            choice.offer(slot, using: &ties)
        }
        return choice.chosen
    }

    /// Lowers `best` to the least rank in an order, when that is less.
    private func lower(_ best: inout Best, in order: LoadOrder, of table: NodeTable) {
        let claim = request.claim
        let last = order.parts.count - 1
        for step in order.parts.indices {
            // The end of the order where the best ones are likely to be comes first.
            let index = ranking == .mostFirst ? last - step : step
            let bounds = order.parts[index].bounds
            guard bounds.mayFit(claim), ranking.leastRank(of: bounds, claim: claim) < best.rank else {
                continue
            }
            for number in order.parts[index].slots {
                let slot = Int(number)
                let rank = ranking.rank(of: table.loads[slot], claim: claim)
                if rank < best.rank {
                    if table.loads[slot].fits(claim), passes(slot, of: table) {
                        best = Best(rank: rank, ties: 1)
                    }
                } else if rank == best.rank {
                    best.ties += 1
                }
            }
        }
    }

    /// A node with that rank, found by trying some at random, each node with the same chance.
    private func sample(rank: Int, in groups: [Int], of table: NodeTable, using ties: inout TieBreaker) -> Int? {
        let total = groups.reduce(0) { $0 + table.groups[$1].order.parts.count }
        for _ in 0..<Self.tries {
            // Parts are of different sizes: one place of all that each could have keeps the chances equal.
            var number = ties.number(below: total)
            let offset = ties.number(below: LoadOrder.partLimit)
            for group in groups {
                let count = table.groups[group].order.parts.count
                guard number >= count else {
                    if let slot = table.groups[group].order.slot(at: offset, ofPart: number), has(rank, slot, of: table)
                    {
                        return slot
                    }
                    break
                }
                number -= count
            }
        }
        return nil
    }

    /// A node with that rank, the lowest one there is; one of all of them at random.
    private func any(rank: Int, in groups: [Int], of table: NodeTable, using ties: inout TieBreaker) -> Int? {
        var choice = FairChoice()
        let claim = request.claim
        for group in groups {
            let order = table.groups[group].order
            for index in order.parts.indices {
                let bounds = order.parts[index].bounds
                guard bounds.mayFit(claim), ranking.leastRank(of: bounds, claim: claim) <= rank else {
                    continue
                }
                for slot in order.parts[index].slots where has(rank, Int(slot), of: table) {
                    choice.offer(Int(slot), using: &ties)
                }
            }
        }
        return choice.chosen
    }

    private func has(_ rank: Int, _ slot: Int, of table: NodeTable) -> Bool {
        ranking.rank(of: table.loads[slot], claim: request.claim) == rank && table.loads[slot].fits(request.claim)
            && passes(slot, of: table)
    }

    private func passes(_ slot: Int, of table: NodeTable) -> Bool {
        (allowed?[slot] ?? true) && passesFilters(slot, of: table)
    }

    private func passesFilters(_ slot: Int, of table: NodeTable) -> Bool {
        for filter in filters where filter.rejection(of: table.nodes[slot], for: request) != nil {
            return false
        }
        return true
    }
}

/// One of the offered numbers, each with the same chance.
private struct FairChoice {
    private(set) var chosen: Int?
    private var offered = 0

    mutating func offer(_ number: Int, using ties: inout TieBreaker) {
        offered += 1
        if offered == 1 || ties.number(below: offered) == 0 {
            chosen = number
        }
    }
}
