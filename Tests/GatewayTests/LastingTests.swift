// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import Gateway
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

    private static func frame(_ text: String, stream: UInt8 = 1) -> [UInt8] {
        [stream, 0, 0, 0, 0, 0, 0, UInt8(text.utf8.count)] + Array(text.utf8)
    }

    @Test("a log is cut into frames, without the times that were not asked for, and continued after the last")
    func frames() throws {
        let first = Self.frame("2026-11-22T18:14:59.260000000Z one\n")
        let second = Self.frame("2026-11-22T18:14:59.999999999Z two\n", stream: 2)
        let system = Self.frame("no more logs", stream: 3)
        var frames = LogFrames(keepsTimes: false)
        var timed = LogFrames(keepsTimes: true)

        let none = try frames.append(ByteBuffer(bytes: first.prefix(20)))
        let one = try frames.append(ByteBuffer(bytes: first.dropFirst(20)))
        let afterOne = frames.continuation
        _ = try frames.append(ByteBuffer(bytes: second.prefix(9)))
        frames.breakOff()
        let rest = try frames.append(ByteBuffer(bytes: second + system))
        let same = try timed.append(ByteBuffer(bytes: first + second))

        #expect(none == nil)
        #expect(one == ByteBuffer(bytes: Self.frame("one\n")))
        #expect(afterOne == "1795371299.260000001")
        #expect(rest == ByteBuffer(bytes: Self.frame("two\n", stream: 2) + system))
        #expect(frames.continuation == "1795371300.000000000")
        #expect(same == ByteBuffer(bytes: first + second))
    }

    @Test("a log goes on with the next message")
    func log() async throws {
        let first = Self.frame("2026-11-22T18:14:59.260000000Z one\n") + Self.frame("2026").prefix(10)
        let second = Self.frame("2026-11-22T18:14:59.270000000Z two\n")
        let engine = try await FakeEngine(name: "node-1", containers: Self.list) { question in
            if question.path == "/containers/\(Self.id)/json" {
                try await question.reply(200, #"{"Id":"\#(Self.id)","Name":"/web","State":{},"Config":{"Tty":false}}"#)
                return true
            }
            guard question.path.hasPrefix("/containers/web/logs") else {
                return false
            }
            let isFirst = !question.path.contains("since=1795371299.260000001")
            let size = String((isFirst ? first : second).count, radix: 16)
            var answer = ByteBuffer(string: Self.head + size + "\r\n")
            answer.writeBytes(isFirst ? first : second)
            answer.writeString(isFirst ? "\r\n" : "\r\n0\r\n\r\n")
            try await question.pipe.write(answer)
            guard !isFirst else {
                throw CancellationError()
            }
            return true
        }

        let log = try await answer(.GET, "/containers/web/logs?follow=1&stdout=1&tail=5", of: engine)

        #expect(log == String(decoding: Self.frame("one\n") + Self.frame("two\n"), as: UTF8.self))
    }

    @Test("samples go on with the next whole one")
    func stats() async throws {
        let engine = try await breaking("/containers/web/stats", after: "{\"a\":1}\n{\"b", then: "{\"c\":3}\n")

        let samples = try await answer(.GET, "/containers/web/stats", of: engine)

        #expect(samples == "{\"a\":1}\n{\"c\":3}\n")
    }
}
