// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A few bits of the labels of a container, by which most containers without a label are told at a glance.
///
/// Each name, and each name with its value, sets two of 64 bits. Bits that are there prove nothing; a bit that
/// is not proves that the label is not.
package struct LabelBits: Sendable, Equatable {
    private var bits: UInt64 = 0

    package init() {}

    /// Those of all labels.
    package init(_ labels: [String: String]) {
        for (key, value) in labels {
            insert(key, nil)
            insert(key, value)
        }
    }

    /// Adds those of a name, or of a name with a value.
    package mutating func insert(_ key: String, _ value: String?) {
        var hasher = Hasher()
        hasher.combine(key)
        hasher.combine(value)
        let hash = UInt(bitPattern: hasher.finalize())
        bits |= 1 << UInt64(hash & 63) | 1 << UInt64(hash >> 6 & 63)
    }

    /// Whether all of the other's bits are among these.
    package func contains(_ other: LabelBits) -> Bool { bits & other.bits == other.bits }
}
