// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// `token://`: the protocol of the hosted discovery of classic swarm, as our managers serve it.
package struct TokenStore: DiscoveryStore {
    package let url: String
    private let endpoints: StoreEndpoints
    private let id: String

    /// The time between two looks at the list: the protocol cannot tell of changes.
    private static let interval: Duration = .seconds(2)
    private static let longestWait: Duration = .seconds(60)

    /// Makes a store that connects when it is first used.
    ///
    /// - Throws: ``DiscoveryError/malformedURL(_:detail:)`` without a manager, ``DockerAPIError`` for the
    ///   files for TLS.
    package init(id: String, managers: [EngineAddress], options: DiscoveryOptions) throws {
        let url = DiscoveryURL.token(id, managers: managers).description
        guard !managers.isEmpty else {
            throw DiscoveryError.malformedURL(
                url,
                detail: "the public discovery service is gone: name a manager, as in token://\(id)@10.0.0.2:3376"
            )
        }
        self.url = url
        self.id = id
        let tls = try options.tls.map { try TLSContexts(files: $0) }
        endpoints = StoreEndpoints(url: url, servers: managers, tls: tls)
    }

    /// Has a manager make a token.
    ///
    /// - Throws: ``DiscoveryError``.
    package static func create(at managers: [EngineAddress], options: DiscoveryOptions) async throws -> String {
        let store = try TokenStore(id: "new", managers: managers, options: options)
        let reply = try await store.call(.POST, "/v1/clusters")
        let token = String(decoding: reply.body, as: UTF8.self)
        guard DiscoveryURL.isClusterName(token) else {
            throw DiscoveryError.storeFailed(url: store.url, reason: "the answer is no token")
        }
        return token
    }

    package func register(_ address: String, ttl: Duration) async throws {
        // The hosted protocol has the address in the body; our managers read it from the query too.
        let query = [("ttl", String(max(1, ttl.components.seconds))), ("address", address)]
        _ = try await call(.POST, "/v1/clusters/\(id)", query: query, body: .bytes(Array(address.utf8)))
    }

    package func deregister(_ address: String) async throws {
        // Not in the hosted protocol; a server without it forgets the member after its TTL.
        _ = try await call(.DELETE, "/v1/clusters/\(id)", query: [("address", address)], accepting: 404, 405)
    }

    package func waitWhileRegistered(_ address: String, atMost duration: Duration) async throws {
        let end = ContinuousClock.now + duration
        while end > ContinuousClock.now {
            // Our managers hold the answer back until it changes; others know nothing of this query.
            let wait = min(end - ContinuousClock.now, Self.longestWait)
            let query = [("address", address), ("wait", String(max(1, wait.components.seconds)))]
            let start = ContinuousClock.now
            guard try await entries(query: query, wait: wait).contains(address) else {
                return
            }
            let pause = start + Self.interval
            try await ContinuousClock().sleep(until: min(pause, end))
        }
    }

    package func entries() async throws -> [String] { try await entries(query: [], wait: .zero) }

    private func entries(query: [(String, String)], wait: Duration) async throws -> [String] {
        let reply = try await call(.GET, "/v1/clusters/\(id)", query: query, wait: wait)
        guard let list = try? JSON(parsing: reply.body), list.isArray || list.isNull else {
            throw DiscoveryError.storeFailed(url: url, reason: "the answer is no list")
        }
        return list.strings.sorted()
    }

    package func watch(_ handle: @Sendable ([String]) async -> Void) async throws {
        var last: [String]?
        while true {
            let now = try await entries()
            if now != last {
                await handle(now)
                last = now
            }
            try await ContinuousClock().sleep(for: Self.interval)
        }
    }

    @discardableResult
    private func call(
        _ method: HTTPMethod,
        _ path: String,
        query: [(String, String)] = [],
        body: HTTPBody = .none,
        wait: Duration = .zero,
        accepting accepted: Int...
    ) async throws -> HTTPReply {
        let reply = try await endpoints.reply(to: HTTPRequest(method, path, query: query), body: body, wait: wait)
        guard reply.status >= 400, !accepted.contains(reply.status) else {
            return reply
        }
        let reason = HTTPReply.errorMessage(in: reply.body, status: reply.status)
        throw reply.status == 401 || reply.status == 403
            ? DiscoveryError.denied(url: url, reason: reason) : DiscoveryError.storeFailed(url: url, reason: reason)
    }
}
