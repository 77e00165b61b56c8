// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

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

    /// Reads `admin`, `operator`, `viewer` or `ns:NAME` with a valid `NamespaceName`; `nil` for anything else.
    package init?(_ unit: String) {
        switch unit {
        case "admin": self = .admin
        case "operator": self = .operator
        case "viewer": self = .viewer
        default:
            guard unit.hasPrefix("ns:"), NamespaceName.isValid(unit.dropFirst(3)) else {
                return nil
            }
            self = .namespace(String(unit.dropFirst(3)))
        }
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
