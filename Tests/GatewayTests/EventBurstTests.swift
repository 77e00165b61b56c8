// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import NIOCore
import NIOHTTP1
import SwarmCore
import Testing

/// Events that come faster than a listener takes them.
@Suite("Bursts of events", .timeLimit(.minutes(2)))
struct EventBurstTests {
    @Test("a burst reaches each listener whole, in order, and with the node's name")
    func burst() async throws {
        let count = 3000
        let (listeners, arrived) = AsyncStream<Void>.makeStream()
        let engine = try await FakeEngine(name: "node-1") { question in
            guard question.path.hasPrefix("/events") else {
                return false
            }
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            try await question.pipe.write(ByteBuffer(string: head))
            var waiting = 2
            for await _ in listeners {
                waiting -= 1
                if waiting == 0 {
                    break
                }
            }
            for number in 0..<count {
                let line =
                    #"{"Type":"container","Action":"exec_start: x","Actor":{"ID":"a\#(number)","Attributes":{}},"#
                    + #""time":1700000000,"timeNano":\#(1_700_000_000_000_000_000 + number)}"# + "\n"
                try await HTTPMessageWriter(pipe: question.pipe).writeChunk(ByteBuffer(string: line))
            }
            while try await question.pipe.read() != nil {}
            return true
        }

        let wanted = (0..<count).map { "a\($0)" }
        try await withGateway(over: [engine]) { client in
            try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        try await Self.listen(client, until: count) { arrived.yield() }
                    }
                }
                for try await got in group {
                    #expect(got == wanted)
                }
            }
        }
    }

    /// The actors of events about containers, in the order they came.
    private static func listen(_ client: HTTPClient, until count: Int, _ isReady: () -> Void) async throws -> [String] {
        let request = HTTPRequest(.GET, "/v1.41/events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D")
        return try await client.withResponse(to: request, deadline: .after(.seconds(60))) { response in
            isReady()
            var lines = JSONLines()
            var actors: [String] = []
            while actors.count < count, let chunk = try await response.read() {
                for event in try lines.append(chunk) {
                    #expect(event["Actor"]?["Attributes"]?["node.name"]?.string == "node-1")
                    actors.append(event["Actor"]?["ID"]?.string ?? "")
                }
            }
            return actors
        }
    }
}
