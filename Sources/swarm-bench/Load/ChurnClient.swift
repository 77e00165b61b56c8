// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOCore
internal import NIOHTTP1
internal import SwarmCore

/// A client that makes containers, talks with them, copies, and removes them.
///
/// Every tenth of its streams it leaves in the middle. What the manager refuses, because an engine is away, is counted
/// and not repeated.
struct ChurnClient: Sendable {
    enum Outcome: Sendable {
        case done
        case killed
        case refused
    }

    private struct Killed: Error {}
    private static let deadline = Duration.seconds(60)
    private static let image = #"{"Image":"redis:latest"}"#

    let number: Int
    let address: SocketAddress
    let counts: ChurnCounts

    /// Until it is cancelled.
    func work() async {
        let client = HTTPClient(address: .tcp(host: "127.0.0.1", port: address.port ?? 0))
        defer { client.shutdown() }
        var round = 0
        while !Task.isCancelled {
            round += 1
            await live(client, "churn-\(number)-\(round)")
        }
    }

    /// The life of one container.
    private func live(_ client: HTTPClient, _ name: String) async {
        guard let id = await create(client, name) else {
            return
        }
        await count { try await call(client, .POST, "/containers/\(id)/start") }
        await count {
            try await talk(client, "/containers/\(id)/attach", [("stream", "1"), ("stdin", "1"), ("stdout", "1")])
        }
        await count { try await execute(client, id) }
        await count { try await copy(client, id) }
        await count { try await listen(client) }
        // A removal that did not come through leaves a container that must not be lost.
        await count { try await call(client, .DELETE, "/containers/\(id)?force=1") }
    }

    private func create(_ client: HTTPClient, _ name: String) async -> String? {
        var id: String?
        await count {
            let reply = try await client.reply(
                to: HTTPRequest(.POST, "/v1.41/containers/create", query: [("name", name)]),
                body: .bytes(Array(Self.image.utf8)),
                deadline: .after(Self.deadline)
            )
            try reply.check()
            id = try reply.json()["Id"]?.string
        }
        return id
    }

    private func call(_ client: HTTPClient, _ method: HTTPMethod, _ target: String) async throws {
        let reply = try await client.reply(to: HTTPRequest(method, "/v1.41\(target)"), deadline: .after(Self.deadline))
        try reply.check()
    }

    private func execute(_ client: HTTPClient, _ id: String) async throws {
        let made = try await client.reply(
            to: HTTPRequest(.POST, "/v1.41/containers/\(id)/exec"),
            body: .bytes(Array(#"{"AttachStdin":true,"AttachStdout":true,"Cmd":["sh"]}"#.utf8)),
            deadline: .after(Self.deadline)
        )
        try made.check()
        try await talk(client, "/exec/\(try made.json()["Id"]?.string ?? "")/start", [], body: #"{"Tty":true}"#)
    }

    /// Sends to a raw stream and reads what comes back, ten times.
    private func talk(_ client: HTTPClient, _ path: String, _ query: [(String, String)], body: String = "") async throws
    {
        var request = HTTPRequest(.POST, "/v1.41\(path)", query: query)
        request.headers.add(name: "Connection", value: "Upgrade")
        request.headers.add(name: "Upgrade", value: "tcp")
        let content: HTTPBody = body.isEmpty ? .none : .bytes(Array(body.utf8))
        let killedAt = leavesAt(10)
        try await client.withResponse(
            to: request,
            body: content,
            deadline: .after(Self.deadline),
            coversBody: true
        ) { response in
            guard response.isRawStream else {
                return try await response.check()
            }
            let pipe = response.upgrade()
            for turn in 0..<10 {
                guard turn != killedAt else {
                    throw Killed()
                }
                try await pipe.write(ByteBuffer(repeating: 65, count: 4096))
                var received = 0
                while received < 4096, let piece = try await pipe.read() {
                    received += piece.readableBytes
                }
            }
            pipe.close()
        }
    }

    /// Reads an archive of 4 MiB.
    private func copy(_ client: HTTPClient, _ id: String) async throws {
        let killedAt = leavesAt(16)
        let request = HTTPRequest(
            .GET,
            "/v1.41/containers/\(id)/archive",
            query: [("path", "/data"), ("size", "\(4 << 20)")]
        )
        try await client.withResponse(to: request, deadline: .after(Self.deadline), coversBody: true) { response in
            try await response.check()
            var pieces = 0
            while try await response.read() != nil {
                pieces += 1
                guard pieces != killedAt else {
                    throw Killed()
                }
            }
        }
    }

    /// Reads an event, and goes.
    private func listen(_ client: HTTPClient) async throws {
        try await client.withResponse(
            to: HTTPRequest(.GET, "/v1.41/events"),
            deadline: .after(Self.deadline),
            coversBody: true
        ) { response in
            try await response.check()
            _ = try await response.read()
            throw Killed()
        }
    }

    /// The piece of `count` before which a stream is left; `nil` nine times out of ten.
    private func leavesAt(_ count: Int) -> Int? {
        Int.random(in: 0..<10) == 0 ? Int.random(in: 1..<count) : nil
    }

    private func count(_ work: () async throws -> Void) async {
        do {
            try await work()
            counts.add(.done)
        } catch is Killed {
            counts.add(.killed)
        } catch {
            counts.add(.refused)
        }
    }
}
