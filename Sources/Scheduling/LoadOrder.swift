// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Nodes in the order of their load, in parts of a few dozen with the bounds of each.
///
/// A search reads the bounds of all parts and the nodes of a few, so it takes a time that grows with
/// the square root of the number of nodes. So does a change.
struct LoadOrder: Sendable {
    /// The most nodes in a part.
    static let partLimit = 64

    struct Part: Sendable {
        fileprivate(set) var slots: [Int32]
        fileprivate(set) var bounds = LoadBounds()
    }

    private(set) var parts: [Part] = []

    /// The node at an offset in a part, if the part is so long.
    func slot(at offset: Int, ofPart index: Int) -> Int? {
        offset < parts[index].slots.count ? Int(parts[index].slots[offset]) : nil
    }

    /// Puts in a node that is not there.
    mutating func insert(_ slot: Int, loads: [NodeLoad]) {
        guard !parts.isEmpty else {
            parts.append(Part(slots: [Int32(slot)]))
            measure(0, loads: loads)
            return
        }
        let index = max(0, partition(0, parts.count) { Self.precedes(Int(parts[$0].slots[0]), slot, loads) } - 1)
        let offset = partition(0, parts[index].slots.count) { Self.precedes(Int(parts[index].slots[$0]), slot, loads) }
        parts[index].slots.insert(Int32(slot), at: offset)
        if parts[index].slots.count > Self.partLimit {
            let half = Part(slots: Array(parts[index].slots[(Self.partLimit / 2)...]))
            parts[index].slots.removeLast(half.slots.count)
            parts.insert(half, at: index + 1)
            measure(index + 1, loads: loads)
        }
        measure(index, loads: loads)
    }

    /// Takes out a node; `loads` are those with which it was put in.
    mutating func remove(_ slot: Int, loads: [NodeLoad]) {
        let index = max(0, partition(0, parts.count) { !Self.precedes(slot, Int(parts[$0].slots[0]), loads) } - 1)
        guard index < parts.count, let offset = parts[index].slots.firstIndex(of: Int32(slot)) else {
            return
        }
        parts[index].slots.remove(at: offset)
        let count = parts[index].slots.count
        if count == 0 {
            parts.remove(at: index)
            return
        }
        if index > 0, count + parts[index - 1].slots.count <= Self.partLimit / 2 {
            parts[index - 1].slots += parts[index].slots
            parts.remove(at: index)
            measure(index - 1, loads: loads)
        } else {
            measure(index, loads: loads)
        }
    }

    private mutating func measure(_ index: Int, loads: [NodeLoad]) {
        var bounds = LoadBounds()
        for slot in parts[index].slots {
            bounds.include(loads[Int(slot)])
        }
        parts[index].bounds = bounds
    }

    /// By load, then by containers, then by slot, so that no two are equal.
    private static func precedes(_ left: Int, _ right: Int, _ loads: [NodeLoad]) -> Bool {
        loads[left].key == loads[right].key ? left < right : loads[left].key < loads[right].key
    }

    /// The first of the numbers for which `isBefore` is false, when it is true for all smaller ones.
    private func partition(_ low: Int, _ high: Int, _ isBefore: (Int) -> Bool) -> Int {
        var low = low
        var high = high
        while low < high {
            let middle = (low + high) / 2
            if isBefore(middle) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
