// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI

/// Who has sent a request, and what that makes of them.
package struct Caller: Sendable, Hashable {
    /// What the certificate makes of its holder.
    package enum Standing: Sendable, Hashable {
        case role(Role)
        /// A host of the cluster: its certificate has names of hosts and no role.
        case node
        /// A certificate of the right authority that says nothing we know.
        case nobody
    }

    /// The common name; `local` for a socket in the file system, `anonymous` without a certificate.
    package let name: String
    package let standing: Standing
    /// The IP address that the request came from; empty for a socket in the file system.
    package let address: String
    /// The manager that has sent it on, by the name in its certificate; `nil` when it came directly.
    package let via: String?

    package init(name: String, standing: Standing, address: String = "", via: String? = nil) {
        self.name = name
        self.standing = standing
        self.address = address
        self.via = via
    }

    /// The role; `nil` for nodes and nobodies.
    package var role: Role? {
        guard case .role(let role) = standing else {
            return nil
        }
        return role
    }

    /// The namespace that it must not look or reach out of; `nil` for those without one.
    package var namespace: String? {
        guard case .role(.namespace(let name)) = standing else {
            return nil
        }
        return name
    }

    /// Whether environments are kept from it.
    package var hidesEnvironment: Bool { standing == .role(.viewer) }

    /// For the log and in refusals: `alice (operator)`.
    package var description: String {
        switch standing {
        case .role(let role): "\"\(name)\" (\(role))"
        case .node: "\"\(name)\" (a node)"
        case .nobody: "\"\(name)\" (no role)"
        }
    }

    /// Who is at the other end of a connection.
    ///
    /// - Parameters:
    ///   - peer: what TLS says.
    ///   - address: that the connection comes from.
    ///   - isSocket: whether it came over a socket in the file system, whose mode says who may use it.
    ///   - mustShowCertificate: whether clients are verified on this listener.
    package init(_ peer: PeerIdentity, address: String, isSocket: Bool, mustShowCertificate: Bool) {
        via = nil
        self.address = address
        guard let certificate = peer.certificate else {
            name = isSocket ? "local" : "anonymous"
            // Without verification everybody who reaches the manager may do everything, as with an engine.
            standing = isSocket || !mustShowCertificate ? .role(.admin) : .nobody
            return
        }
        name = certificate.commonNames.first ?? ""
        let roles = Set(certificate.units.compactMap { Role($0) })
        if let role = roles.first, roles.count == 1 {
            standing = .role(role)
        } else {
            // Two roles contradict each other.
            standing = roles.isEmpty && !certificate.alternativeNames.isEmpty ? .node : .nobody
        }
    }
}

// MARK: Between managers

extension Caller {
    /// Says for whom a manager sends a request on; only from nodes and admins it counts.
    package static let headerField = "X-Swarm-Caller"

    /// Whether it may send requests on for others: managers do, with the certificates of their nodes.
    var maySpeakForOthers: Bool { standing == .node || standing == .role(.admin) }

    /// The value of ``headerField`` for the next manager: role, name and address, percent-encoded.
    package var headerValue: String {
        let role =
            switch standing {
            case .role(let role): role.description
            case .node: "node"
            case .nobody: "nobody"
            }
        return [role, name, address].map { PercentEncoding.encode($0) }.joined(separator: ";")
    }

    /// For whom `peer` sends a request on; `nil` when that cannot be read.
    ///
    /// - Parameters:
    ///   - text: the value of ``headerField``.
    ///   - peer: who has sent it.
    init?(headerValue text: String, from peer: Caller) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { PercentEncoding.decode($0) }
        guard parts.count == 3, let role = parts[0], let name = parts[1], let address = parts[2] else {
            return nil
        }
        let standing: Standing
        switch role {
        case "node": standing = .node
        case "nobody": standing = .nobody
        default:
            guard let known = Role(role) else {
                return nil
            }
            standing = .role(known)
        }
        self.init(name: name, standing: standing, address: address, via: peer.name)
    }

    /// As the members' APIs see it: one who sends on for somebody has no more rights than that one.
    func identity(of peer: PeerIdentity) -> PeerIdentity {
        guard via != nil else {
            return peer
        }
        let units = role.map { [$0.description] } ?? []
        let certificate = PeerCertificate(commonNames: [name], units: units, alternativeNames: [])
        return PeerIdentity(certificate: certificate, isLocal: false)
    }
}
