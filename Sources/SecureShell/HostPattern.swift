// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The patterns of OpenSSH: `*` for any characters, `?` for one, `!` in front of what is excluded.
enum HostPattern {
    /// Whether a pattern of `list` matches and none with `!` does.
    static func matches(_ name: String, list: [String]) -> Bool {
        var isMatched = false
        for pattern in list {
            if pattern.hasPrefix("!") {
                if matches(Array(name.utf8), pattern: Array(pattern.utf8.dropFirst())) {
                    return false
                }
            } else if matches(Array(name.utf8), pattern: Array(pattern.utf8)) {
                isMatched = true
            }
        }
        return isMatched
    }

    /// Goes back to the last `*` on a mismatch, so that time is at worst the product of the lengths.
    private static func matches(_ name: [UInt8], pattern: [UInt8]) -> Bool {
        var place = 0
        var at = 0
        var star: (pattern: Int, name: Int)?
        while at < name.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                star = (place, at)
                place += 1
            } else if place < pattern.count, pattern[place] == UInt8(ascii: "?") || pattern[place] == name[at] {
                place += 1
                at += 1
            } else if let last = star {
                star = (last.pattern, last.name + 1)
                place = last.pattern + 1
                at = last.name + 1
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
