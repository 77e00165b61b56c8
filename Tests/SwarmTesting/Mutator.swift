// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Changes inputs at random, the same way for the same seed.
package struct Mutator: RandomNumberGenerator {
    private let words: [[UInt8]]
    private var state: UInt64

    /// - Parameters:
    ///   - seed: the same seed makes the same changes.
    ///   - words: pieces that mean something to the reader; they are put in at random.
    package init(seed: UInt64, words: [[UInt8]]) {
        state = seed
        self.words = words
    }

    package mutating func next() -> UInt64 {
        // SplitMix64.
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// `input` with one to eight changes, of at most 4,096 bytes.
    package mutating func mutate(_ input: [UInt8], with other: [UInt8]) -> [UInt8] {
        var bytes = input
        for _ in 0..<Int.random(in: 1...8, using: &self) {
            let place = Int.random(in: 0...bytes.count, using: &self)
            let end = Int.random(in: place...min(bytes.count, place + 16), using: &self)
            switch Int.random(in: 0..<6, using: &self) {
            case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 1 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &self)
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 4: bytes.insert(contentsOf: words.randomElement(using: &self) ?? [], at: place)
            default: bytes.replaceSubrange(place..., with: other.dropFirst(min(place, other.count)))
            }
        }
        return Array(bytes.prefix(4096))
    }
}
