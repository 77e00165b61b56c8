// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import NIOCore
import NIOHTTP1
import SwarmCore
import Synchronization
import Testing

/// Calls whose connection to the engine breaks while they last.
@Suite("Lasting calls", .timeLimit(.minutes(1)))
struct LastingTests {
    private static let id = String(repeating: "a", count: 64)
    private static let list = #"[{"Id":"\#(id)","Names":["/web"],"Image":"nginx","State":"running","Created":1}]"#
    private static let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"

    /// An engine that breaks off its first answer to `path` after `beginning`, and gives `rest` to the second question.
    private func breaking(_ path: String, after beginning: String, then rest: String) async throws -> FakeEngine {
        let count = Atomic<Int>(0)
        return try await FakeEngine(name: "node-1", containers: Self.list) { question in
            guard question.path.hasPrefix(path) else {
                return false
            }
            _ = try await question.body.collect(limit: 1 << 20)
            guard count.add(1, ordering: .relaxed).newValue > 1 else {
                try await question.pipe.write(ByteBuffer(string: Self.head + Self.chunk(beginning)))
                throw CancellationError()
            }
            try await question.pipe.write(ByteBuffer(string: Self.head + Self.chunk(rest) + "0\r\n\r\n"))
            return true
        }
    }

    private static func chunk(_ text: String) -> String {
        text.isEmpty ? "" : String(text.utf8.count, radix: 16) + "\r\n\(text)\r\n"
    }

    private func answer(_ method: HTTPMethod, _ target: String, of engine: FakeEngine) async throws -> String {
        try await withGateway(over: [engine]) { client in
            let reply = try await client.reply(to: HTTPRequest(method, target), deadline: .after(.seconds(30)))
            #expect(reply.status == 200)
            return String(decoding: reply.body, as: UTF8.self)
        }
    }

    @Test("a wait goes on where its connection broke")
    func wait() async throws {
        let engine = try await breaking("/containers/web/wait", after: "", then: #"{"StatusCode":7}"#)

        let outcome = try await answer(.POST, "/containers/web/wait", of: engine)

        #expect(outcome == #"{"StatusCode":7}"#)
    }

    @Test("samples go on with the next whole one")
    func stats() async throws {
        let engine = try await breaking("/containers/web/stats", after: "{\"a\":1}\n{\"b", then: "{\"c\":3}\n")

        let samples = try await answer(.GET, "/containers/web/stats", of: engine)

        #expect(samples == "{\"a\":1}\n{\"c\":3}\n")
    }
}
