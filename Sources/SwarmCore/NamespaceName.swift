// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The rule for names of namespaces, as in the role `ns:NAME`.
///
/// A name is also the first part of the names of the namespace's images: so it is none that means a registry, or images
/// without one.
package enum NamespaceName {
    /// In bytes.
    private static let limit = 63
    private static let reserved: Set<String> = ["library", "localhost"]

    /// Whether `text` has 1 to 63 lower case letters, digits, `-` and `_`, begins with a letter or digit, and is not
    /// reserved.
    package static func isValid(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, isPlain(first), text.utf8.count <= limit else {
            return false
        }
        return text.utf8.allSatisfy { isPlain($0) || "-_".utf8.contains($0) } && !reserved.contains(String(text))
    }

    /// Whether `text` is one of the roles of people: `admin`, `operator`, `viewer`, or `ns:` with a valid name.
    package static func isRole(_ text: String) -> Bool {
        ["admin", "operator", "viewer"].contains(text) || (text.hasPrefix("ns:") && isValid(text.dropFirst(3)))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
