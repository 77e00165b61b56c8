// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// Calls Consul's HTTP API.
struct ConsulClient: Sendable {
    let endpoints: StoreEndpoints
    let token: String?

    var url: String { endpoints.url }

    /// Makes a call.
    ///
    /// - Parameters:
    ///   - method: of the request.
    ///   - path: below `/v1/`, percent-encoded.
    ///   - query: of the request.
    ///   - body: sent with it.
    ///   - wait: how long a blocking query may be held back.
    ///   - accepted: statuses of 400 and above that the caller understands.
    /// - Returns: the answer, with a status below 400 or in `accepted`.
    /// - Throws: ``DiscoveryError``.
    func call(
        _ method: HTTPMethod,
        _ path: String,
        query: [(String, String)] = [],
        body: HTTPBody = .none,
        wait: Duration = .zero,
        accepting accepted: Int...
    ) async throws -> HTTPReply {
        var request = HTTPRequest(method, "/v1/" + path, query: query)
        if let token {
            request.headers.add(name: "X-Consul-Token", value: token)
        }
        // Consul adds up to a sixteenth to a wait, so that not all come back at once.
        let reply = try await endpoints.reply(to: request, body: body, wait: wait + wait / 16)
        guard reply.status >= 400, !accepted.contains(reply.status) else {
            return reply
        }
        let reason = HTTPReply.errorMessage(in: reply.body, status: reply.status)
        throw reply.status == 401 || reply.status == 403
            ? DiscoveryError.denied(url: url, reason: reason) : DiscoveryError.storeFailed(url: url, reason: reason)
    }

    // MARK: Sessions

    /// Makes a session that Consul keeps for at least `time` and at most twice as long.
    func createSession(time: Duration, behavior: String, lockDelay: String) async throws -> String {
        let body: JSON = [
            "Name": "swarm", "TTL": JSON("\(time.components.seconds)s"), "Behavior": JSON(behavior),
            "LockDelay": JSON(lockDelay),
        ]
        let reply = try await call(.PUT, "session/create", body: .json(body))
        guard let id = try? JSON(parsing: reply.body)["ID"]?.string else {
            throw DiscoveryError.storeFailed(url: url, reason: "the answer names no session")
        }
        return id
    }

    /// Keeps a session; whether it is still there.
    func renewSession(_ id: String) async throws -> Bool {
        try await call(.PUT, "session/renew/" + id, accepting: 404).status != 404
    }

    func destroySession(_ id: String) async throws {
        _ = try await call(.PUT, "session/destroy/" + id)
    }

    // MARK: Keys

    /// One key.
    ///
    /// - Parameters:
    ///   - key: its name.
    ///   - index: waits until it is not at this index any more; 0 does not wait.
    ///   - wait: how long at most.
    /// - Returns: the key, if it is there, and the index for the next call.
    /// - Throws: ``DiscoveryError``.
    func get(_ key: String, after index: Int = 0, wait: Duration = .zero) async throws -> (
        pair: ConsulPair?, index: Int
    ) {
        let (pairs, index) = try await pairs(key, query: [], after: index, wait: wait)
        return (pairs.first, index)
    }

    /// All keys that begin with `folder`; see ``get(_:after:wait:)``.
    func list(
        _ folder: String,
        after index: Int = 0,
        wait: Duration = .zero
    ) async throws -> (pairs: [ConsulPair], index: Int) {
        try await pairs(folder, query: [("recurse", "true")], after: index, wait: wait)
    }

    private func pairs(
        _ key: String,
        query: [(String, String)],
        after index: Int,
        wait: Duration
    ) async throws -> (pairs: [ConsulPair], index: Int) {
        var query = query
        if index > 0 {
            query += [("index", String(index)), ("wait", "\(max(1, wait.components.seconds))s")]
        }
        let reply = try await call(.GET, Self.path(key), query: query, wait: index > 0 ? wait : .zero, accepting: 404)
        let next = reply.headers.first(name: "X-Consul-Index").flatMap { Int($0) } ?? 0
        guard reply.status != 404 else {
            return ([], next)
        }
        guard let json = try? JSON(parsing: reply.body) else {
            throw DiscoveryError.storeFailed(url: url, reason: "the answer is no JSON")
        }
        return (json.elements.compactMap { ConsulPair($0) }, next)
    }

    /// Locks a key for a session, and writes it; whether the session holds it now.
    func acquire(_ key: String, _ value: String, session: String) async throws -> Bool {
        let body = HTTPBody.bytes(Array(value.utf8))
        return try await call(.PUT, Self.path(key), query: [("acquire", session)], body: body).isTrue
    }

    /// Gives a lock back; whether the session held it.
    func release(_ key: String, _ value: String, session: String) async throws -> Bool {
        let body = HTTPBody.bytes(Array(value.utf8))
        return try await call(.PUT, Self.path(key), query: [("release", session)], body: body).isTrue
    }

    /// Takes a key from whoever holds it, in one step: nobody sees it missing.
    func seize(_ key: String, _ value: String, session: String) async throws -> Bool {
        let operations: JSON = [
            ["KV": ["Verb": "delete", "Key": JSON(key)]],
            ["KV": ["Verb": "lock", "Key": JSON(key), "Value": JSON(Base64.encode(value)), "Session": JSON(session)]],
        ]
        return try await call(.PUT, "txn", body: .json(operations), accepting: 409).status == 200
    }

    /// Writes a key, whoever holds it.
    func put(_ key: String, _ value: String) async throws {
        _ = try await call(.PUT, Self.path(key), body: .bytes(Array(value.utf8)))
    }

    func delete(_ key: String) async throws {
        _ = try await call(.DELETE, Self.path(key))
    }

    private static func path(_ key: String) -> String {
        "kv/"
            + key.split(separator: "/", omittingEmptySubsequences: false).map { PercentEncoding.encode(String($0)) }
            .joined(separator: "/")
    }
}

/// A key with its value and who holds it.
struct ConsulPair: Sendable {
    let key: String
    let value: String
    let session: String?
    let modifyIndex: UInt64

    init?(_ json: JSON) {
        guard let key = json["Key"]?.string else {
            return nil
        }
        self.key = key
        value = String(decoding: json["Value"]?.string.flatMap { Base64.decode($0) } ?? [], as: UTF8.self)
        session = json["Session"]?.string
        modifyIndex = UInt64(clamping: json["ModifyIndex"]?.int ?? 0)
    }
}

extension HTTPReply {
    /// Consul answers some calls with `true` or `false`.
    fileprivate var isTrue: Bool { body.starts(with: Array("true".utf8)) }
}
