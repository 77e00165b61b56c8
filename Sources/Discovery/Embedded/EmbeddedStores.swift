// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// `swarm://` inside the manager that keeps the members.
package struct LocalEmbeddedStore: DiscoveryStore {
    package let url: String
    private let members: EmbeddedMembers
    private let cluster: String

    package init(members: EmbeddedMembers, cluster: String, url: String) {
        self.members = members
        self.cluster = cluster
        self.url = url
    }

    package var isTrustedWhenEmpty: Bool { true }

    package func register(_ address: String, ttl: Duration) async throws {
        try await members.register(address, in: cluster, ttl: ttl)
    }

    package func deregister(_ address: String) async throws {
        try await members.deregister(address, in: cluster)
    }

    package func entries() async throws -> [String] { members.members(of: cluster).addresses }

    package func watch(_ handle: @Sendable ([String]) async -> Void) async throws {
        var last: [String]?
        while true {
            let (addresses, revision) = members.members(of: cluster)
            if addresses != last {
                await handle(addresses)
                last = addresses
            }
            await members.waitForChange(from: revision, atMost: .seconds(3600))
            try Task.checkCancellation()
        }
    }
}

/// `swarm://` from elsewhere: the agents, and `list`.
package struct RemoteEmbeddedStore: DiscoveryStore {
    package let url: String
    private let clients: [HTTPClient]
    private let cluster: String

    /// How long one call may take, and how long the manager is asked to hold a wait.
    private static let callTimeout: Duration = .seconds(10)
    private static let longestWait: Duration = .seconds(60)

    /// Makes a store that is asked over HTTP.
    ///
    /// - Parameters:
    ///   - clients: of the managers; the first that answers is used.
    ///   - cluster: the name of the cluster.
    ///   - url: for messages.
    package init(clients: [HTTPClient], cluster: String, url: String) {
        self.clients = clients
        self.cluster = cluster
        self.url = url
    }

    package func register(_ address: String, ttl: Duration) async throws {
        let query = [("ttl", String(max(1, ttl.components.seconds)))]
        _ = try await call(.PUT, "/" + PercentEncoding.encode(address), query: query)
    }

    package func deregister(_ address: String) async throws {
        _ = try await call(.DELETE, "/" + PercentEncoding.encode(address))
    }

    package func waitWhileRegistered(_ address: String, atMost duration: Duration) async throws {
        let end = ContinuousClock.now + duration
        while true {
            let left = end - ContinuousClock.now
            guard left > .zero else {
                return
            }
            let wait = min(left, Self.longestWait)
            let query = [("wait", String(max(1, wait.components.seconds)))]
            let path = "/" + PercentEncoding.encode(address)
            let reply = try await call(.GET, path, query: query, extra: wait, accepting: 404)
            if reply.status == 404 {
                return
            }
        }
    }

    package func entries() async throws -> [String] {
        try await call(.GET, "").json()["members"]?.strings ?? []
    }

    package func watch(_ handle: @Sendable ([String]) async -> Void) async throws {
        var last: [String]?
        var query: [(String, String)] = []
        while true {
            let answer = try await call(.GET, "", query: query, extra: Self.longestWait).json()
            let addresses = answer["members"]?.strings ?? []
            if addresses != last {
                await handle(addresses)
                last = addresses
            }
            let revision = answer["revision"]?.int ?? 0
            query = [("after", String(revision)), ("wait", String(Self.longestWait.components.seconds))]
        }
    }

    /// Makes a call to the first manager that answers.
    private func call(
        _ method: HTTPMethod,
        _ path: String,
        query: [(String, String)] = [],
        extra: Duration = .zero,
        accepting status: Int? = nil
    ) async throws -> HTTPReply {
        var reason = "no manager is named"
        for client in clients {
            let request = HTTPRequest(method, EmbeddedAPI.path(of: cluster) + path, query: query)
            do {
                let reply = try await client.reply(to: request, deadline: .after(Self.callTimeout + extra))
                if reply.status != status {
                    try reply.check()
                }
                return reply
            } catch DockerAPIError.refused(let status, let message) {
                throw status == 401 || status == 403
                    ? DiscoveryError.denied(url: url, reason: message)
                    : DiscoveryError.storeFailed(url: url, reason: message)
            } catch {
                try Task.checkCancellation()
                reason = ErrorReport(error).message
            }
        }
        throw DiscoveryError.unreachable(url: url, reason: reason)
    }
}
