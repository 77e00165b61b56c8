// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// The HTTP side of `token://`, for the manager's server: the protocol of the hosted discovery.
///
/// ```
/// POST   /v1/clusters                         a new token, as text
/// GET    /v1/clusters/TOKEN                   ["10.0.0.1:2376",…]
/// POST   /v1/clusters/TOKEN[?ttl=SECONDS]     the address is the body, or in address=ADDRESS
/// DELETE /v1/clusters/TOKEN?address=ADDRESS   not in the hosted protocol
/// ```
package struct TokenAPI: Sendable {
    /// What the paths of all calls begin with; no version of the Docker API is written so.
    package static let prefix = "/v1/clusters"
    /// The longest body taken: one address, in bytes.
    package static let bodyLimit = 1024
    /// How long a member is kept when it does not say: as classic swarm's agents.
    private static let usualTTL = 180
    /// The longest time to keep a member, in seconds: a day.
    private static let longestTTL = 86_400

    private let members: EmbeddedMembers
    private let didRegister: @Sendable (String) -> Void

    /// Makes the API of a member list.
    ///
    /// - Parameters:
    ///   - members: the list; a token is the name of a cluster in it.
    ///   - didRegister: called with the address after each registration, new or not.
    package init(members: EmbeddedMembers, didRegister: @escaping @Sendable (String) -> Void = { _ in }) {
        self.members = members
        self.didRegister = didRegister
    }

    /// Answers a call; `nil` when the path is none of ours.
    ///
    /// - Parameters:
    ///   - method: as in the request line.
    ///   - target: path and query, percent-encoded.
    ///   - body: of the request, at most ``bodyLimit`` bytes.
    /// - Returns: the whole answer.
    package func reply(method: String, target: String, body: [UInt8] = []) async -> HTTPReply? {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = parts.first, path == Self.prefix || path.hasPrefix(Self.prefix + "/") else {
            return nil
        }
        let token = path.dropFirst(Self.prefix.count + 1)
        guard !token.isEmpty else {
            return method == "POST"
                ? Self.text(200, Self.makeToken()) : Self.error(405, "only POST is allowed here")
        }
        guard DiscoveryURL.isClusterName(token) else {
            return Self.error(404, "page not found")
        }
        do {
            let query = EmbeddedAPI.query(parts.count > 1 ? parts[1] : "")
            return try cluster(String(token), method: method, query: query, body: body)
        } catch {
            return Self.error(500, ErrorReport(error).message)
        }
    }

    /// 128 random bits in hexadecimal: the name of a cluster that nobody guesses.
    package static func makeToken() -> String {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func cluster(
        _ token: String,
        method: String,
        query: [String: String],
        body: [UInt8]
    ) throws -> HTTPReply {
        switch method {
        case "GET":
            let list = JSON(members.members(of: token).addresses)
            return HTTPReply(status: 200, headers: ["Content-Type": "application/json"], body: Array(list.bytes))
        case "POST":
            guard let address = Self.address(query["address"] ?? String(decoding: body, as: UTF8.self)) else {
                return Self.error(400, "the body, or address, must be HOST:PORT")
            }
            guard let ttl = Int(query["ttl"] ?? String(Self.usualTTL)), (1...Self.longestTTL).contains(ttl) else {
                return Self.error(400, "ttl must be 1 to \(Self.longestTTL) seconds")
            }
            try members.register(address, in: token, ttl: .seconds(ttl))
            didRegister(address)
            return Self.text(200, "OK")
        case "DELETE":
            guard let address = query["address"].flatMap(Self.address) else {
                return Self.error(400, "address must be HOST:PORT")
            }
            try members.deregister(address, in: token)
            return Self.text(200, "OK")
        default:
            return Self.error(405, "only GET, POST and DELETE are allowed here")
        }
    }

    private static func address(_ text: String) -> String? {
        guard let address = try? EngineAddress(parsing: AddressList.trimmed(text)), case .tcp = address else {
            return nil
        }
        return address.description
    }

    private static func text(_ status: Int, _ text: String) -> HTTPReply {
        HTTPReply(status: status, headers: ["Content-Type": "text/plain"], body: Array(text.utf8))
    }

    private static func error(_ status: Int, _ message: String) -> HTTPReply {
        let json = JSONObject([("message", JSON(message))]).json
        return HTTPReply(status: status, headers: ["Content-Type": "application/json"], body: Array(json.bytes))
    }
}
