// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore
internal import Synchronization

/// Calls etcd v3 through its JSON gateway (`/v3/…`, etcd 3.4 and later).
final class EtcdClient: Sendable {
    let endpoints: StoreEndpoints
    private let user: (name: String, password: String)?
    private let token = Mutex<String?>(nil)

    var url: String { endpoints.url }

    init(endpoints: StoreEndpoints, user: (name: String, password: String)?) {
        self.endpoints = endpoints
        self.user = user
    }

    /// Makes a call.
    ///
    /// - Returns: the answer's object.
    /// - Throws: ``DiscoveryError``, or `EtcdRefusal` for an answer that a caller may expect.
    func call(_ path: String, _ body: JSON) async throws -> JSON {
        let usedToken = try await currentToken()
        var reply = try await send(path, body, token: usedToken)
        // The token may have run out, or belong to a server that was restarted.
        if user != nil, reply.status == 400 || reply.status == 401 {
            forget(usedToken)
            reply = try await send(path, body, token: try await currentToken())
        }
        guard reply.status < 400 else {
            throw refusal(reply)
        }
        // A call that the gateway treats as a stream answers with one object a line.
        let first = reply.body.split(separator: UInt8(ascii: "\n")).first.map(Array.init) ?? Array("{}".utf8)
        guard let json = try? JSON(parsing: first) else {
            throw DiscoveryError.storeFailed(url: url, reason: "the answer is no JSON")
        }
        return json["result"] ?? json
    }

    /// A request whose answer is a stream, with the authentication it needs.
    func streamRequest(_ path: String) async throws -> HTTPRequest {
        request(path, token: try await currentToken())
    }

    /// What an error status means.
    func refusal(_ reply: HTTPReply) -> any Error {
        let message = HTTPReply.errorMessage(in: reply.body, status: reply.status)
        let code = (try? JSON(parsing: reply.body))?["code"]?.int
        switch (reply.status, code) {
        // gRPC's PERMISSION_DENIED and UNAUTHENTICATED.
        case (401, _), (403, _), (_, 7), (_, 16):
            return DiscoveryError.denied(url: url, reason: message)
        case (404, _), (_, 5):
            return EtcdRefusal.notFound
        default:
            return DiscoveryError.storeFailed(url: url, reason: message)
        }
    }

    /// Forgets a token that does not work any more.
    func forget(_ used: String?) {
        token.withLock { token in
            if token == used {
                token = nil
            }
        }
    }

    private func request(_ path: String, token: String?) -> HTTPRequest {
        var request = HTTPRequest(.POST, path, headers: ["Content-Type": "application/json"])
        if let token {
            request.headers.add(name: "Authorization", value: token)
        }
        return request
    }

    private func send(_ path: String, _ body: JSON, token: String?) async throws -> HTTPReply {
        try await endpoints.reply(to: request(path, token: token), body: .json(body))
    }

    /// The token of the user; `nil` without one.
    private func currentToken() async throws -> String? {
        guard let user else {
            return nil
        }
        if let known = token.withLock({ $0 }) {
            return known
        }
        let body: JSON = ["name": JSON(user.name), "password": JSON(user.password)]
        let reply = try await send("/v3/auth/authenticate", body, token: nil)
        guard reply.status < 400, let json = try? JSON(parsing: reply.body), let made = json["token"]?.string else {
            let reason = HTTPReply.errorMessage(in: reply.body, status: reply.status)
            throw DiscoveryError.denied(url: url, reason: reason)
        }
        token.withLock { $0 = made }
        return made
    }
}

/// An answer that is no failure of the store.
enum EtcdRefusal: Error {
    /// The lease is gone.
    case notFound
}

extension JSON {
    /// A whole number, which the gateway writes as a string when it has 64 bits; 0 when it is left out.
    func etcdNumber(_ key: String) -> Int64 {
        guard let value = self[key] else {
            return 0
        }
        return value.string.flatMap { Int64($0) } ?? value.int.map(Int64.init) ?? 0
    }

    /// A text in Base64; `nil` when it is left out.
    func etcdText(_ key: String) -> String? {
        self[key]?.string.flatMap { Base64.decode($0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// A 64-bit number as the gateway takes it.
    static func etcd(_ number: Int64) -> JSON { JSON(String(number)) }

    /// A key or value as the gateway takes it.
    static func etcd(_ text: String) -> JSON { JSON(Base64.encode(text)) }
}
