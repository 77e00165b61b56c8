// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOCore
internal import NIOHTTP1
internal import SwarmCore

/// One request of the benchmark itself, not measured.
struct HTTPGet: Sendable {
    let address: SocketAddress
    let target: String
    var tls: TLSContexts?

    /// The body of the answer.
    func text() async throws -> String {
        String(decoding: try await bytes(), as: UTF8.self)
    }

    func bytes() async throws -> [UInt8] {
        let engine = EngineAddress.tcp(host: address.ipAddress ?? "127.0.0.1", port: address.port ?? 0)
        let client = HTTPClient(address: engine, tls: tls)
        defer { client.shutdown() }
        let reply = try await client.reply(to: HTTPRequest(.GET, target), deadline: .after(.seconds(30)))
        try reply.check()
        return reply.body
    }
}
