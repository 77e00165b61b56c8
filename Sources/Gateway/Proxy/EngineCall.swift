// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// Sends a client's request on to one node, and the answer back, both as they come.
struct EngineCall: Sendable {
    /// Fields that belong to one connection (RFC 9110, 7.6.1), or that the sender sets itself.
    ///
    /// Also ``Caller/headerField``: who the client is only this manager says.
    private static let hopFields: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "content-length", "host", "expect",
        "x-swarm-caller",
    ]
    /// Fields of an answer that the manager sets itself.
    private static let ownFields: Set<String> = ["server", "api-version", "date", "docker-experimental", "ostype"]

    let node: NodeState
    let engine: EngineClient
    private(set) var request: GatewayRequest
    /// The path without version, encoded.
    var path: String
    var body: HTTPBody

    /// Makes a call that passes the request on as it is.
    init(_ request: GatewayRequest, to node: NodeState, engine: EngineClient) {
        self.node = node
        self.engine = engine
        self.request = request
        path = Self.path(request.segments)
        body = request.passedOnBody
    }

    /// The same call with the query of another request.
    func asking(_ request: GatewayRequest) -> EngineCall {
        var call = self
        call.request = request
        return call
    }

    /// An encoded path.
    static func path(_ segments: [String]) -> String {
        segments.map { "/" + PercentEncoding.encode($0) }.joined()
    }

    /// Makes the call and gives the answer to `handle`; `isShort` as in ``HTTPClient``.
    func run<Result>(
        deadline: Deadline? = nil,
        isShort: Bool = false,
        isolation: isolated (any Actor)? = #isolation,
        _ handle: (HTTPResponse) async throws -> Result
    ) async throws -> Result {
        try await engine.http.withResponse(to: message, body: body, deadline: deadline, isShort: isShort, handle)
    }

    /// Makes the call and gives its answer to the client, a raw stream included.
    ///
    /// - Returns: the status that the engine gave.
    @discardableResult
    func relay(to responder: Responder) async throws -> Int {
        try await run { response in
            guard !response.isRawStream else {
                let client = try await responder.upgrade(
                    status: response.status,
                    reason: response.reason,
                    headers: Self.headers(of: response, keepsUpgrade: true)
                )
                try await PipeRelay.run(client: client, engine: response.upgrade())
                return response.status
            }
            try await Self.relay(response, to: responder)
            return response.status
        }
    }

    /// Gives an answer that is no raw stream to the client.
    static func relay(_ response: HTTPResponse, to responder: Responder) async throws {
        try await relay(response, headers: headers(of: response, keepsUpgrade: false), to: responder)
    }

    /// Gives an answer that is no raw stream to the client, with other fields than its own.
    static func relay(_ response: HTTPResponse, headers: HTTPHeaders, to responder: Responder) async throws {
        if response.status == 204 || response.status == 304 {
            return try await responder.send(status: response.status, headers: headers)
        }
        let length = response.headers.first(name: "content-length").flatMap { Int($0) }
        try await responder.begin(status: response.status, reason: response.reason, headers: headers, length: length)
        while let bytes = try await response.read() {
            try await responder.write(bytes)
        }
        try await responder.finish()
    }

    /// The whole answer, and its JSON changed by `change` when the call went well, given to the client.
    func rewrite(to responder: Responder, limit: Int = 256 << 20, _ change: (JSON) throws -> JSON) async throws {
        try await run(isShort: true) { response in
            guard response.status < 300 else {
                return try await Self.relay(response, to: responder)
            }
            let json = try JSON(parsing: try await response.collect(limit: limit))
            let changed = try change(json)
            let shown = request.caller.hidesEnvironment ? Redaction.withoutEnvironment(changed) : changed
            try await responder.send(status: response.status, json: shown)
        }
    }

    private var message: HTTPRequest {
        HTTPRequest(
            request.method,
            engine.path(path),
            query: request.pairs,
            headers: Self.passedOnHeaders(of: request)
        )
    }

    /// The fields of a request that go on to the next server.
    static func passedOnHeaders(of request: GatewayRequest) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for field in request.headers where !hopFields.contains(field.name.lowercased()) {
            headers.add(name: field.name, value: field.value)
        }
        if let wanted = request.headers.upgradeProtocol {
            headers.add(name: "Connection", value: "Upgrade")
            headers.add(name: "Upgrade", value: wanted)
        }
        return headers
    }

    static func headers(of response: HTTPResponse, keepsUpgrade: Bool) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for field in response.headers {
            let name = field.name.lowercased()
            if !hopFields.contains(name), !ownFields.contains(name) {
                headers.add(name: field.name, value: field.value)
            }
        }
        if keepsUpgrade, let upgraded = response.headers.upgradeProtocol {
            headers.add(name: "Connection", value: "Upgrade")
            headers.add(name: "Upgrade", value: upgraded)
        }
        return headers
    }
}
