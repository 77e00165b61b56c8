// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
internal import Logging
internal import NIOHTTP1
internal import SwarmCore

/// A call of the members' APIs, as the manager's server took it.
package struct MemberCall: Sendable {
    /// As in the request line.
    package let method: String
    /// Path and query, percent-encoded.
    package let target: String
    package let peer: PeerIdentity
    /// Reads the body, of at most so many bytes.
    package let body: @Sendable (Int) async throws -> [UInt8]

    package init(
        method: String,
        target: String,
        peer: PeerIdentity = PeerIdentity(certificate: nil, isLocal: true),
        body: @escaping @Sendable (Int) async throws -> [UInt8] = { _ in [] }
    ) {
        self.method = method
        self.target = target
        self.peer = peer
        self.body = body
    }
}

extension MemberCall {
    /// The answer to somebody who may not do this; logged, with the name in the certificate.
    func refused(_ what: String, _ logger: Logger) -> HTTPReply {
        let name = peer.certificate?.commonNames.first ?? ""
        logger.warning("call refused", metadata: ["certificate": "\(name)", "call": "\(what)"])
        return .error(403, "the certificate of \"\(name)\" does not allow this: \(what)")
    }
}

/// Who may do what with the members that a manager keeps.
///
/// Without TLS everybody who reaches the manager may do everything, as with its Docker API.
extension PeerIdentity {
    /// The roles of operators, as in the organizational unit of their certificates.
    private static let readers: Set<String> = ["admin", "operator", "viewer"]
    private static let writers: Set<String> = ["admin", "operator"]

    /// Nodes, which have names in their certificates, and operators.
    var mayListMembers: Bool { hasRole(in: Self.readers) }

    /// Nodes, and operators who may change the cluster.
    var mayMakeTokens: Bool { hasRole(in: Self.writers) }

    /// Only the node that has the address: by its certificate, or by where it calls from.
    ///
    /// Each node's certificate is made for the loopback addresses too, so those count only for the
    /// manager's own machine.
    func mayChange(member address: EngineAddress) -> Bool {
        guard let certificate else {
            return true
        }
        let host = address.host
        let isLoopback = host == "::1" || host == "localhost" || host.hasPrefix("127.")
        let isNode = !certificate.alternativeNames.isEmpty && certificate.units.isEmpty
        let isItsOwn = certificate.isMade(for: host) || (isNode && host == self.host)
        return isItsOwn && (isLocal || !isLoopback)
    }

    private func hasRole(in roles: Set<String>) -> Bool {
        guard let certificate else {
            return true
        }
        return !certificate.alternativeNames.isEmpty || !roles.isDisjoint(with: certificate.units)
    }
}

/// Answers of the members' APIs, with errors in Docker's form.
extension HTTPReply {
    static func error(_ status: Int, _ message: String) -> HTTPReply {
        let json = JSONObject([("message", JSON(message))]).json
        return HTTPReply(status: status, headers: ["Content-Type": "application/json"], body: Array(json.bytes))
    }

    static func json(_ json: JSON) -> HTTPReply {
        HTTPReply(status: 200, headers: ["Content-Type": "application/json"], body: Array(json.bytes))
    }

    static func text(_ text: String) -> HTTPReply {
        HTTPReply(status: 200, headers: ["Content-Type": "text/plain"], body: Array(text.utf8))
    }

    static var done: HTTPReply { HTTPReply(status: 204, headers: [:], body: []) }

    /// What a failed call is answered with: nothing that is worth a second try has a status below 500.
    static func failure(_ error: any Error) -> HTTPReply {
        let isFull = (error as? DiscoveryError) == .storeIsFull
        return .error(isFull ? 409 : 500, ErrorReport(error).message)
    }
}
