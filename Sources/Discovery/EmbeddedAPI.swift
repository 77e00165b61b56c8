// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// The HTTP side of `swarm://`, for the manager's server.
///
/// ```
/// GET    /swarmd/v1/clusters/CLUSTER/members[?after=REVISION&wait=SECONDS]   {"members":[…],"revision":7}
/// GET    /swarmd/v1/clusters/CLUSTER/members/ADDRESS[?wait=SECONDS]          200 while it is a member, else 404
/// PUT    /swarmd/v1/clusters/CLUSTER/members/ADDRESS?ttl=SECONDS             204
/// DELETE /swarmd/v1/clusters/CLUSTER/members/ADDRESS                         204
/// ```
package struct EmbeddedAPI: Sendable {
    /// What the paths of all calls begin with.
    package static let prefix = "/swarmd/v1/clusters/"
    /// The longest wait, in seconds.
    private static let longestWait = 120
    /// The longest time to keep a member, in seconds: a day.
    private static let longestTTL = 86_400

    private let members: EmbeddedMembers
    private let didRegister: @Sendable (String) -> Void

    /// Makes the API of a member list.
    ///
    /// - Parameters:
    ///   - members: the list.
    ///   - didRegister: called with the address after each registration, new or not.
    package init(members: EmbeddedMembers, didRegister: @escaping @Sendable (String) -> Void = { _ in }) {
        self.members = members
        self.didRegister = didRegister
    }

    static func path(of cluster: String) -> String {
        prefix + cluster + "/members"
    }

    /// Answers a call; `nil` when the path is none of ours.
    ///
    /// - Parameters:
    ///   - method: as in the request line.
    ///   - target: path and query, percent-encoded.
    /// - Returns: the whole answer.
    package func reply(method: String, target: String) async -> HTTPReply? {
        guard target.hasPrefix(Self.prefix) else {
            return nil
        }
        let parts = target.dropFirst(Self.prefix.count).split(separator: "?", maxSplits: 1)
        let segments = (parts.first ?? "").split(separator: "/", omittingEmptySubsequences: false)
        let query = Self.query(parts.count > 1 ? parts[1] : "")
        guard segments.count == 2 || segments.count == 3, segments[1] == "members",
            DiscoveryURL.isClusterName(segments[0])
        else {
            return Self.error(404, "page not found")
        }
        let cluster = String(segments[0])
        do {
            guard segments.count == 3 else {
                return method == "GET" ? await list(cluster, query) : Self.error(405, "only GET is allowed here")
            }
            guard let text = PercentEncoding.decode(segments[2]), let address = try? EngineAddress(parsing: text) else {
                return Self.error(400, "\"\(segments[2])\" is no HOST:PORT")
            }
            return try await member(address.description, of: cluster, method: method, query: query)
        } catch {
            return Self.error(500, ErrorReport(error).message)
        }
    }

    private func list(_ cluster: String, _ query: [String: String]) async -> HTTPReply {
        if let after = query["after"].flatMap({ UInt64($0) }) {
            await members.waitForChange(from: after, atMost: Self.wait(query))
        }
        let (addresses, revision) = members.members(of: cluster)
        let json = JSONObject([("members", JSON(addresses)), ("revision", JSON(Int64(clamping: revision)))]).json
        return HTTPReply(status: 200, headers: ["Content-Type": "application/json"], body: Array(json.bytes))
    }

    private func member(
        _ address: String,
        of cluster: String,
        method: String,
        query: [String: String]
    ) async throws -> HTTPReply {
        switch method {
        case "GET":
            return await isMember(address, cluster, atMost: Self.wait(query))
                ? HTTPReply(status: 200, headers: ["Content-Type": "application/json"], body: Array("{}".utf8))
                : Self.error(404, "\"\(address)\" is no member of \"\(cluster)\"")
        case "PUT":
            guard let ttl = query["ttl"].flatMap({ Int($0) }), (1...Self.longestTTL).contains(ttl) else {
                return Self.error(400, "ttl must be 1 to \(Self.longestTTL) seconds")
            }
            try members.register(address, in: cluster, ttl: .seconds(ttl))
            didRegister(address)
            return HTTPReply(status: 204, headers: [:], body: [])
        case "DELETE":
            try members.deregister(address, in: cluster)
            return HTTPReply(status: 204, headers: [:], body: [])
        default:
            return Self.error(405, "only GET, PUT and DELETE are allowed here")
        }
    }

    /// Whether it is a member for all of `duration`; returns at once when it is none.
    private func isMember(_ address: String, _ cluster: String, atMost duration: Duration) async -> Bool {
        let end = ContinuousClock.now + duration
        while true {
            let revision = members.members(of: cluster).revision
            guard members.contains(address, in: cluster) else {
                return false
            }
            let left = end - ContinuousClock.now
            guard left > .zero, !Task.isCancelled else {
                return true
            }
            await members.waitForChange(from: revision, atMost: left)
        }
    }

    private static func wait(_ query: [String: String]) -> Duration {
        .seconds(min(longestWait, max(0, query["wait"].flatMap { Int($0) } ?? 0)))
    }

    static func query(_ text: some StringProtocol) -> [String: String] {
        var values: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, let name = PercentEncoding.decode(parts[0], plusIsSpace: true) {
                values[name] = PercentEncoding.decode(parts[1], plusIsSpace: true)
            }
        }
        return values
    }

    private static func error(_ status: Int, _ message: String) -> HTTPReply {
        let json = JSONObject([("message", JSON(message))]).json
        return HTTPReply(status: status, headers: ["Content-Type": "application/json"], body: Array(json.bytes))
    }
}
