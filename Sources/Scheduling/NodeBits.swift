// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A set of nodes, by slot.
struct NodeBits: Sendable, Equatable {
    private var words: [UInt64]

    /// A set that can hold the slots below `capacity`.
    init(capacity: Int) {
        words = Array(repeating: 0, count: (capacity + 63) / 64)
    }

    subscript(slot: Int) -> Bool {
        get { slot >> 6 < words.count && words[slot >> 6] & (1 << UInt64(slot & 63)) != 0 }
        set {
            while slot >> 6 >= words.count {
                words.append(0)
            }
            let bit: UInt64 = 1 << UInt64(slot & 63)
            words[slot >> 6] = newValue ? words[slot >> 6] | bit : words[slot >> 6] & ~bit
        }
    }

    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    mutating func formIntersection(_ other: NodeBits) {
        for index in words.indices {
            words[index] &= index < other.words.count ? other.words[index] : 0
        }
    }

    mutating func subtract(_ other: NodeBits) {
        for index in 0..<min(words.count, other.words.count) {
            words[index] &= ~other.words[index]
        }
    }

    mutating func formUnion(_ slots: [Int32]) {
        for slot in slots {
            self[Int(slot)] = true
        }
    }

    /// The slots, ascending.
    var slots: [Int] {
        var slots: [Int] = []
        for index in words.indices {
            var word = words[index]
            while word != 0 {
                slots.append(index << 6 + word.trailingZeroBitCount)
                word &= word - 1
            }
        }
        return slots
    }
}
