// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// What somebody may do with the cluster, as the organizational unit of a certificate says it.
package enum Role: Sendable, Hashable, CustomStringConvertible {
    /// Everything.
    case admin
    /// Everything but nodes, certificates and what gives power over a host.
    case `operator`
    /// Looking, without what containers print or hold, and without environments.
    case viewer
    /// Only what is labelled with this namespace.
    case namespace(String)

    /// How long the name of a namespace may be.
    private static let nameLimit = 63
    private static let reserved: Set<String> = ["library", "localhost"]

    /// Reads `admin`, `operator`, `viewer` or `ns:NAME`; `nil` for anything else.
    ///
    /// A name has lower case letters, digits, `-` and `_`, and begins with a letter or digit. It is also the first
    /// part of the names of the namespace's images: so it is none that means a registry, or images without one.
    package init?(_ unit: String) {
        switch unit {
        case "admin": self = .admin
        case "operator": self = .operator
        case "viewer": self = .viewer
        default:
            guard unit.hasPrefix("ns:"), Self.isName(unit.dropFirst(3)) else {
                return nil
            }
            self = .namespace(String(unit.dropFirst(3)))
        }
    }

    private static func isName(_ text: Substring) -> Bool {
        func isPlain(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard let first = text.utf8.first, isPlain(first), text.utf8.count <= nameLimit else {
            return false
        }
        return text.utf8.allSatisfy { isPlain($0) || "-_".utf8.contains($0) } && !reserved.contains(String(text))
    }

    /// As it stands in a certificate.
    package var description: String {
        switch self {
        case .admin: "admin"
        case .operator: "operator"
        case .viewer: "viewer"
        case .namespace(let name): "ns:\(name)"
        }
    }
}
