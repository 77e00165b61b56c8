// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Finds the best node of a table for one request.
///
/// First the best rank, passing over whatever cannot be better; then one at random of the nodes that
/// have it. Filters that no index decides are asked about those nodes alone that could be chosen.
struct PlacementSearch {
    let request: PlacementRequest
    let strategy: Strategy
    let filters: [any PlacementFilter]
    /// The nodes that may be chosen; `nil` for all of them.
    let allowed: NodeBits?

    /// With so few allowed nodes, looking at each is faster than looking for them in the order.
    private static let few = 128
    /// Nodes picked at random before all that are equally good are looked for.
    private static let tries = 64

    /// The slot of the best node; `nil` when none can host the container.
    func best(in table: NodeTable, using generator: inout some RandomNumberGenerator) -> Int? {
        if let allowed, allowed.count <= Self.few {
            return best(of: allowed.slots, in: table, using: &generator)
        }
        for groups in levels(of: table) {
            var best = Int.max
            for group in groups {
                lowerRank(&best, in: table.groups[group].order, of: table)
            }
            if best != .max {
                return sample(rank: best, in: groups, of: table, using: &generator)
                    ?? any(rank: best, in: groups, of: table, using: &generator)
            }
        }
        return nil
    }

    /// Groups with the same number of containers, those with the fewest first.
    private func levels(of table: NodeTable) -> [[Int]] {
        guard table.groups.count > 1 else {
            return [Array(table.groups.indices)]
        }
        let open = table.groups.indices.filter { !table.groups[$0].order.parts.isEmpty }
        return Dictionary(grouping: open) { table.groups[$0].containers }
            .sorted { $0.key < $1.key }.map(\.value)
    }

    /// The best of a few nodes, one of the equal ones at random.
    private func best(
        of slots: [Int],
        in table: NodeTable,
        using generator: inout some RandomNumberGenerator
    ) -> Int? {
        var choice = FairChoice()
        var best = (group: Int.max, rank: Int.max)
        for slot in slots where table.loads[slot].isOpen && table.loads[slot].fits(request.claim) {
            let load = table.loads[slot]
            let group = strategy.label == nil ? 0 : table.groups[load.group].containers
            let rank = (group: group, rank: strategy.rank(of: load, claim: request.claim))
            if rank <= best, passes(slot, of: table) {
                if rank < best {
                    best = rank
                    choice = FairChoice()
                }
                choice.offer(slot, using: &generator)
            }
        }
        return choice.chosen
    }

    /// Lowers `best` to the least rank in an order, when that is less.
    private func lowerRank(_ best: inout Int, in order: LoadOrder, of table: NodeTable) {
        // The end of the order where the best ones are likely to be comes first.
        let last = order.parts.count - 1
        for step in order.parts.indices {
            let part = order.parts[strategy == .binpack ? last - step : step]
            guard part.bounds.mayFit(request.claim), leastRank(in: part) < best else {
                continue
            }
            for slot in part.slots {
                let load = table.loads[Int(slot)]
                let rank = strategy.rank(of: load, claim: request.claim)
                if rank < best, load.fits(request.claim), passes(Int(slot), of: table) {
                    best = rank
                }
            }
        }
    }

    /// A node with that rank, found by trying some at random, each node with the same chance.
    private func sample(
        rank: Int,
        in groups: [Int],
        of table: NodeTable,
        using generator: inout some RandomNumberGenerator
    ) -> Int? {
        let total = groups.reduce(0) { $0 + table.groups[$1].order.parts.count }
        for _ in 0..<Self.tries {
            // Parts are of different sizes: one place of all that each could have keeps the chances equal.
            var number = Int.random(in: 0..<total, using: &generator)
            let offset = Int.random(in: 0..<LoadOrder.partLimit, using: &generator)
            for group in groups {
                let parts = table.groups[group].order.parts
                guard number >= parts.count else {
                    if offset < parts[number].slots.count {
                        let slot = Int(parts[number].slots[offset])
                        if has(rank, slot, of: table) {
                            return slot
                        }
                    }
                    break
                }
                number -= parts.count
            }
        }
        return nil
    }

    /// A node with that rank, the lowest one there is; one of all of them at random.
    private func any(
        rank: Int,
        in groups: [Int],
        of table: NodeTable,
        using generator: inout some RandomNumberGenerator
    ) -> Int? {
        var choice = FairChoice()
        for group in groups {
            for part in table.groups[group].order.parts where leastRank(in: part) <= rank {
                for slot in part.slots where has(rank, Int(slot), of: table) {
                    choice.offer(Int(slot), using: &generator)
                }
            }
        }
        return choice.chosen
    }

    private func leastRank(in part: LoadOrder.Part) -> Int {
        strategy.leastRank(of: part.bounds, claim: request.claim)
    }

    private func has(_ rank: Int, _ slot: Int, of table: NodeTable) -> Bool {
        let load = table.loads[slot]
        return strategy.rank(of: load, claim: request.claim) == rank && load.fits(request.claim)
            && passes(slot, of: table)
    }

    private func passes(_ slot: Int, of table: NodeTable) -> Bool {
        if let allowed, !allowed[slot] {
            return false
        }
        return filters.allSatisfy { $0.rejection(of: table.nodes[slot], for: request) == nil }
    }
}

/// One of the offered numbers, each with the same chance.
private struct FairChoice {
    private(set) var chosen: Int?
    private var offered = 0

    mutating func offer(_ number: Int, using generator: inout some RandomNumberGenerator) {
        offered += 1
        if chosen == nil || Int.random(in: 0..<offered, using: &generator) == 0 {
            chosen = number
        }
    }
}
