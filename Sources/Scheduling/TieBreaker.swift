// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Random numbers for choices that need no secrecy, without a system call for each (SplitMix64).
package struct TieBreaker: Sendable {
    private var state: UInt64

    /// Makes a sequence that differs each time.
    package init() {
        state = UInt64.random(in: .min ... .max)
    }

    /// Makes the sequence of that seed.
    package init(seed: UInt64) {
        state = seed
    }

    /// A number from 0 to one less than `count`, which is not 0.
    mutating func number(below count: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        // The high half of the product: no division, and a bias of less than one in 2⁴⁰ for any real count.
        return Int(truncatingIfNeeded: mixed.multipliedFullWidth(by: UInt64(count)).high)
    }
}
