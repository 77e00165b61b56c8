// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import HTTPTransfer
internal import SwarmCore

/// Docker's API through libcurl; connections are kept open between calls.
struct LiveEngines: EngineAccess {
    /// The largest body kept in memory, in bytes.
    private static let bodyLimit = 64 << 20
    /// As good as none: a log is followed until the task is cancelled.
    private static let followTime = Duration.seconds(20 * 86400)

    private let client = HTTPClient()

    func get(_ path: String, at target: EngineTarget, deadline: Deadline) async throws -> [UInt8] {
        try await body(request("GET", path, target, deadline), target)
    }

    func post(_ path: String, at target: EngineTarget, deadline: Deadline) async throws -> [UInt8] {
        try await body(request("POST", path, target, deadline), target)
    }

    private func body(_ request: HTTPRequest, _ target: EngineTarget) async throws -> [UInt8] {
        let response = try await client.send(request)
        guard response.isSuccess else {
            throw Self.refusal(target, response.status, response.body)
        }
        return response.body
    }

    func stream(
        _ path: String,
        at target: EngineTarget,
        onBytes: @escaping @Sendable ([UInt8]) -> Void
    ) async throws {
        try await client.stream(request("GET", path, target, .after(Self.followTime))) { head, body in
            guard head.isSuccess else {
                var reason: [UInt8] = []
                for try await chunk in body where reason.count < 64 << 10 {
                    reason += chunk
                }
                throw Self.refusal(target, head.status, reason)
            }
            for try await chunk in body {
                onBytes(chunk)
            }
        }
    }

    private func request(
        _ method: String,
        _ path: String,
        _ target: EngineTarget,
        _ deadline: Deadline
    ) -> HTTPRequest {
        let place = target.url.split(separator: "/").last.map(String.init) ?? ""
        let isNamed = target.name != nil && target.url.hasPrefix("https://")
        let url = isNamed ? "https://\(target.name ?? "")" : target.url
        var request = HTTPRequest(method, url + path, deadline: deadline)
        request.connectTo = isNamed ? place : nil
        request.tls = TLSOptions(
            authorityFile: "\(target.certificates)/ca.pem",
            certificateFile: "\(target.certificates)/cert.pem",
            keyFile: "\(target.certificates)/key.pem"
        )
        // Nodes are reached directly, as they are over SSH; proxies are for what is beyond.
        request.usesProxy = false
        request.bodyLimit = Self.bodyLimit
        return request
    }

    /// Docker says why in `{"message":…}`.
    private static func refusal(_ target: EngineTarget, _ status: Int, _ body: [UInt8]) -> OperatorError {
        let message = (try? JSONValue(parsing: body))?["message"].string
        let text = message ?? String(decoding: body.prefix(500), as: UTF8.self)
        return .engineRefused(url: target.url, status: status, message: text)
    }
}
