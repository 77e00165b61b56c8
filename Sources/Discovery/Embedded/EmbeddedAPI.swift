// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
package import Logging

/// The HTTP side of `swarm://`, for the manager's server.
///
/// ```
/// GET    /swarmd/v1/clusters/CLUSTER/members[?after=REVISION&wait=SECONDS]   {"members":[…],"revision":7}
/// GET    /swarmd/v1/clusters/CLUSTER/members/ADDRESS[?wait=SECONDS]          200 while it is a member, else 404
/// PUT    /swarmd/v1/clusters/CLUSTER/members/ADDRESS?ttl=SECONDS             204
/// DELETE /swarmd/v1/clusters/CLUSTER/members/ADDRESS                         204
/// ```
///
/// With mutual TLS a node registers and removes only itself; who may list is in ``MemberCall``'s file.
package struct EmbeddedAPI: Sendable {
    /// What the paths of all calls begin with.
    package static let prefix = "/swarmd/v1/clusters/"
    /// The longest wait, in seconds.
    private static let longestWait = 120
    /// The longest time to keep a member, in seconds: a day.
    private static let longestTTL = 86_400

    private let members: EmbeddedMembers
    private let logger: Logger
    private let didRegister: @Sendable (String) -> Void

    /// Makes the API of a member list.
    ///
    /// - Parameters:
    ///   - members: the list.
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

    static func path(of cluster: String) -> String {
        prefix + cluster + "/members"
    }

    /// Answers a call; `nil` when the path is none of ours.
    package func reply(to call: MemberCall) async -> HTTPReply? {
        guard call.target.hasPrefix(Self.prefix) else {
            return nil
        }
        let parts = call.target.dropFirst(Self.prefix.count).split(separator: "?", maxSplits: 1)
        let segments = (parts.first ?? "").split(separator: "/", omittingEmptySubsequences: false)
        let query = Self.query(parts.count > 1 ? parts[1] : "")
        guard segments.count == 2 || segments.count == 3, segments[1] == "members",
            DiscoveryURL.isClusterName(segments[0])
        else {
            return .error(404, "page not found")
        }
        let cluster = String(segments[0])
        guard segments.count == 3 else {
            return await list(cluster, call, query)
        }
        guard let text = PercentEncoding.decode(segments[2]), let address = try? EngineAddress(parsing: text) else {
            return .error(400, "\"\(segments[2])\" is no HOST:PORT")
        }
        return await member(address, of: cluster, call, query)
    }

    private func list(_ cluster: String, _ call: MemberCall, _ query: [String: String]) async -> HTTPReply {
        guard call.method == "GET" else {
            return .error(405, "only GET is allowed here")
        }
        guard call.peer.mayListMembers else {
            return call.refused("list the members of \"\(cluster)\"", logger)
        }
        if let after = query["after"].flatMap({ UInt64($0) }) {
            await members.waitForChange(from: after, atMost: Self.wait(query))
        }
        let (addresses, revision) = members.members(of: cluster)
        return .json(JSONObject([("members", JSON(addresses)), ("revision", JSON(Int64(clamping: revision)))]).json)
    }

    private func member(
        _ address: EngineAddress,
        of cluster: String,
        _ call: MemberCall,
        _ query: [String: String]
    ) async -> HTTPReply {
        let name = address.description
        let mayChange = call.peer.mayChange(member: address)
        guard mayChange || (call.method == "GET" && call.peer.mayListMembers) else {
            return call.refused("\(call.method) \"\(name)\" in \"\(cluster)\"", logger)
        }
        switch call.method {
        case "GET":
            return await members.isMember(name, in: cluster, atMost: Self.wait(query))
                ? .json(.emptyObject) : .error(404, "\"\(name)\" is no member of \"\(cluster)\"")
        case "PUT":
            guard let ttl = query["ttl"].flatMap({ Int($0) }), (1...Self.longestTTL).contains(ttl) else {
                return .error(400, "ttl must be 1 to \(Self.longestTTL) seconds")
            }
            return await answer {
                try await members.register(name, in: cluster, ttl: .seconds(ttl))
            } then: {
                didRegister(name)
            }
        case "DELETE":
            return await answer { try await members.deregister(name, in: cluster) }
        default:
            return .error(405, "only GET, PUT and DELETE are allowed here")
        }
    }

    private func answer(_ change: () async throws -> Void, then action: () -> Void = {}) async -> HTTPReply {
        do {
            try await change()
            action()
            return .done
        } catch {
            return .failure(error)
        }
    }

    static func wait(_ query: [String: String]) -> Duration {
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
}
