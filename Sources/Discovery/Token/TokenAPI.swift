// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
package import Logging

/// The HTTP side of `token://`, for the manager's server: the protocol of the hosted discovery.
///
/// ```
/// POST   /v1/clusters                         a new token, as text
/// GET    /v1/clusters/TOKEN                   ["10.0.0.1:2376",…]
/// GET    /v1/clusters/TOKEN?address=ADDRESS&wait=SECONDS
///                                             only this one, once it is none any more or the time is over;
///                                             not in the hosted protocol
/// POST   /v1/clusters/TOKEN[?ttl=SECONDS]     the address is the body, or in address=ADDRESS
/// DELETE /v1/clusters/TOKEN?address=ADDRESS   not in the hosted protocol
/// ```
///
/// Only tokens that were made here are known, and those of the same form that a node registers with:
/// so the members come back after the file of the members was lost. One without members is forgotten
/// after a day.
package struct TokenAPI: Sendable {
    /// What the paths of all calls begin with; no version of the Docker API is written so.
    package static let prefix = "/v1/clusters"
    /// The longest body taken: one address, in bytes.
    private static let bodyLimit = 1024
    /// How long a member is kept when it does not say: as classic swarm's agents.
    private static let usualTTL = 180
    /// The longest time to keep a member, in seconds: a day.
    private static let longestTTL = 86_400

    private let members: EmbeddedMembers
    private let logger: Logger
    private let didRegister: @Sendable (String) -> Void

    /// Makes the API of a member list.
    ///
    /// - Parameters:
    ///   - members: the list; a token is the name of a cluster in it.
    ///   - logger: one line for each call that is refused.
    ///   - didRegister: called with the address after each registration, new or not.
    package init(
        members: EmbeddedMembers,
        logger: Logger,
        didRegister: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.members = members
        self.logger = logger
        self.didRegister = didRegister
    }

    /// Answers a call; `nil` when the path is none of ours.
    package func reply(to call: MemberCall) async -> HTTPReply? {
        let parts = call.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = parts.first, path == Self.prefix || path.hasPrefix(Self.prefix + "/") else {
            return nil
        }
        let token = String(path.dropFirst(Self.prefix.count + 1))
        let query = EmbeddedAPI.query(parts.count > 1 ? parts[1] : "")
        do {
            guard !token.isEmpty else {
                return try await makeToken(call)
            }
            guard members.isKnown(token: token) || (call.method == "POST" && Self.isToken(token)) else {
                return .error(404, "no cluster has the token \"\(token.prefix(64))\" here; `swarmd create` makes one")
            }
            switch call.method {
            case "GET": return await list(token, call, query)
            case "POST": return try await register(token, call, query)
            case "DELETE": return try await deregister(token, call, query)
            default: return .error(405, "only GET, POST and DELETE are allowed here")
            }
        } catch {
            return .failure(error)
        }
    }

    /// 128 random bits in hexadecimal: the name of a cluster that nobody guesses.
    package static func makeToken() -> String {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func isToken(_ text: String) -> Bool {
        text.utf8.count == 32 && text.allSatisfy { $0.isHexDigit && !$0.isUppercase }
    }

    private func makeToken(_ call: MemberCall) async throws -> HTTPReply {
        guard call.method == "POST" else {
            return .error(405, "only POST is allowed here")
        }
        guard call.peer.mayMakeTokens else {
            return call.refused("make a token", logger)
        }
        let token = Self.makeToken()
        try await members.add(token: token)
        return .text(token)
    }

    private func list(_ token: String, _ call: MemberCall, _ query: [String: String]) async -> HTTPReply {
        guard call.peer.mayListMembers else {
            return call.refused("list the members", logger)
        }
        guard let text = query["address"] else {
            return .json(JSON(members.members(of: token).addresses))
        }
        guard let address = Self.address(text)?.description else {
            return .error(400, "address must be HOST:PORT")
        }
        let isMember = await members.isMember(address, in: token, atMost: EmbeddedAPI.wait(query))
        return .json(JSON(isMember ? [address] : []))
    }

    private func register(_ token: String, _ call: MemberCall, _ query: [String: String]) async throws -> HTTPReply {
        let body = String(decoding: try await call.body(Self.bodyLimit), as: UTF8.self)
        guard let address = Self.address(query["address"] ?? body) else {
            return .error(400, "the body, or address, must be HOST:PORT")
        }
        guard let ttl = Int(query["ttl"] ?? String(Self.usualTTL)), (1...Self.longestTTL).contains(ttl) else {
            return .error(400, "ttl must be 1 to \(Self.longestTTL) seconds")
        }
        guard call.peer.mayChange(member: address) else {
            return call.refused("register \"\(address)\"", logger)
        }
        if !members.isKnown(token: token) {
            try await members.add(token: token)
        }
        try await members.register(address.description, in: token, ttl: .seconds(ttl))
        didRegister(address.description)
        return .text("OK")
    }

    private func deregister(_ token: String, _ call: MemberCall, _ query: [String: String]) async throws -> HTTPReply {
        guard let address = query["address"].flatMap(Self.address) else {
            return .error(400, "address must be HOST:PORT")
        }
        guard call.peer.mayChange(member: address) else {
            return call.refused("remove \"\(address)\"", logger)
        }
        try await members.deregister(address.description, in: token)
        return .text("OK")
    }

    private static func address(_ text: String) -> EngineAddress? {
        guard let address = try? EngineAddress(parsing: AddressList.trimmed(text)), case .tcp = address else {
            return nil
        }
        return address
    }
}
