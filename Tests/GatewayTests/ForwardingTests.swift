// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Cluster
import DockerAPI
import NIOCore
import NIOHTTP1
import SwarmCore
import Synchronization
import Testing

/// A replica and the manager that leads.
@Suite("Forwarding to the leader", .timeLimit(.minutes(1)))
struct ForwardingTests {
    private static let webID = String(repeating: "a", count: 64)
    private static let list = """
        [{"Id":"\(webID)","Names":["/web"],"Image":"nginx","ImageID":"sha256:1","Created":1700000000,"State":"running"}]
        """
    private static let far = ContinuousClock.now + .seconds(3600)

    private func engine(_ script: @escaping FakeEngine.Script = { _ in false }) async throws -> FakeEngine {
        try await FakeEngine(name: "node-1", containers: Self.list, script: script)
    }

    private func leading() -> Leadership {
        let leadership = Leadership.elected()
        leadership.lead(Leadership.Leader(address: "self:1", term: 1), until: Self.far)
        return leadership
    }

    private func leader(_ client: HTTPClient, term: UInt64 = 1) -> Leadership.Leader {
        Leadership.Leader(address: "\(client.address)", term: term)
    }

    /// Runs `body` with a replica of a leader over `engine`.
    private func withPair<Result: Sendable>(
        over engine: FakeEngine,
        leading: Leadership? = nil,
        replica: Leadership = .elected(),
        patience: Duration = .seconds(60),
        _ body: @escaping @Sendable (_ leader: HTTPClient, _ replica: HTTPClient) async throws -> Result
    ) async throws -> Result {
        try await withGateway(over: [engine], leadership: leading ?? self.leading()) { leader in
            replica.follow(self.leader(leader))
            return try await withGateway(over: [engine], leadership: replica, patience: patience) { client in
                try await body(leader, client)
            }
        }
    }

    private func create(_ client: HTTPClient, _ name: String = "new") async throws -> HTTPReply {
        try await client.reply(
            to: HTTPRequest(.POST, "/containers/create?name=\(name)"),
            body: .bytes(Array(#"{"Image":"nginx"}"#.utf8)),
            deadline: .after(.seconds(40))
        )
    }

    /// An engine that makes containers, and how many it was asked for.
    private func creatingEngine() async throws -> (engine: FakeEngine, count: Counter) {
        let count = Counter()
        let engine = try await engine { question in
            guard question.path.hasPrefix("/containers/create") else {
                return false
            }
            _ = try await question.body.collect(limit: 1 << 20)
            try await question.reply(201, #"{"Id":"\#(String(repeating: "b", count: 60))000\#(count.step())"}"#)
            return true
        }
        return (engine, count)
    }

    private final class Counter: Sendable {
        private let state = Mutex(0)
        var value: Int { state.withLock { $0 } }
        func step() -> Int {
            state.withLock { count in
                count += 1
                return count
            }
        }
    }

    @Test("a raw stream goes through, with half-close and answer, in both forms")
    func hijack() async throws {
        let engine = try await engine { question in
            guard question.path.hasPrefix("/containers/web/attach") else {
                return false
            }
            let head =
                question.headers.upgradeProtocol == "tcp"
                ? "101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp" : "200 OK"
            let type = "Content-Type: application/vnd.docker.raw-stream"
            try await question.pipe.write(ByteBuffer(string: "HTTP/1.1 \(head)\r\n\(type)\r\n\r\n"))
            var count = 0
            while let bytes = try await question.pipe.read() {
                count += bytes.readableBytes
            }
            try await question.pipe.write(ByteBuffer(string: "got \(count)"))
            try await question.pipe.closeOutput()
            return true
        }

        let answers = try await withPair(over: engine) { _, replica in
            var answers: [String] = []
            for headers in [["Connection": "Upgrade", "Upgrade": "tcp"], [:]] as [HTTPHeaders] {
                let request = HTTPRequest(.POST, "/containers/web/attach?stream=1&stdin=1", headers: headers)
                answers.append(
                    try await replica.withResponse(to: request, deadline: .after(.seconds(20))) { response in
                        let pipe = response.upgrade()
                        for _ in 0..<64 {
                            try await pipe.write(ByteBuffer(repeating: 1, count: 64 << 10))
                        }
                        try await pipe.closeOutput()
                        var text = "\(response.status) "
                        while let bytes = try await pipe.read() {
                            text += String(buffer: bytes)
                        }
                        return text
                    }
                )
            }
            return answers
        }

        #expect(answers == ["101 got \(4 << 20)", "200 got \(4 << 20)"])
    }

    @Test("a client of a replica that goes away ends the call on the engine")
    func cancellation() async throws {
        let (steps, continuation) = AsyncStream<String>.makeStream()
        let engine = try await engine { question in
            guard question.path.hasPrefix("/containers/web/logs") else {
                return false
            }
            try await question.pipe.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
            await question.pipe.waitForEnd()
            continuation.yield("ended")
            throw CancellationError()
        }

        let step = try await withPair(over: engine) { _, replica in
            let request = HTTPRequest(.GET, "/containers/web/logs?follow=1&stdout=1")
            // The body is not read: leaving the closure closes the connection.
            let status = try await replica.withResponse(to: request, deadline: .after(.seconds(20))) { $0.status }
            #expect(status == 200)
            var iterator = steps.makeAsyncIterator()
            return await iterator.next()
        }

        #expect(step == "ended")
    }

    @Test("a create that arrives during an election waits, and is done once, by the new leader")
    func waits() async throws {
        let (engine, count) = try await creatingEngine()
        let leadership = Leadership.elected()

        let reply = try await withPair(over: engine, replica: leadership) { leader, replica in
            leadership.follow(nil)
            async let reply = create(replica)
            try await ContinuousClock().sleep(for: .milliseconds(50))
            leadership.follow(self.leader(leader, term: 2))
            return try await reply
        }

        #expect(reply.status == 201 && count.value == 1)
    }

    @Test("a replica that is elected answers what waits by itself")
    func elected() async throws {
        let (engine, count) = try await creatingEngine()
        let leadership = Leadership.elected()

        let reply = try await withPair(over: engine, replica: leadership) { _, replica in
            leadership.follow(nil)
            async let reply = create(replica)
            try await ContinuousClock().sleep(for: .milliseconds(50))
            leadership.lead(Leadership.Leader(address: "self:1", term: 2), until: Self.far)
            return try await reply
        }

        #expect(reply.status == 201 && count.value == 1)
    }

    @Test("a leader whose lease is over takes nothing, and its replica asks again until it leads")
    func refused() async throws {
        let (engine, count) = try await creatingEngine()
        let leading = Leadership.elected()
        leading.lead(Leadership.Leader(address: "self:1", term: 1), until: .now - .seconds(1))

        let reply = try await withPair(over: engine, leading: leading) { _, replica in
            async let reply = create(replica)
            try await ContinuousClock().sleep(for: .milliseconds(50))
            #expect(count.value == 0)
            leading.lead(Leadership.Leader(address: "self:1", term: 1), until: Self.far)
            return try await reply
        }

        #expect(reply.status == 201 && count.value == 1)
    }

    @Test("without a leader a request fails when its patience is over, and says so")
    func noLeader() async throws {
        let leadership = Leadership.elected()

        let reply = try await withPair(
            over: try await engine(),
            replica: leadership,
            patience: .milliseconds(100)
        ) { _, replica in
            leadership.follow(nil)
            return try await create(replica)
        }

        #expect(reply.status == 503)
        #expect(HTTPReply.errorMessage(in: reply.body, status: 503).hasPrefix("no manager leads the cluster"))
    }

    @Test("a create that the lost leader had taken is not done again by another")
    func takenOnce() async throws {
        let (asked, continuation) = AsyncStream<Void>.makeStream()
        let silent = try await engine { question in
            guard question.path.hasPrefix("/containers/create") else {
                return false
            }
            continuation.yield()
            await question.pipe.waitForEnd()
            throw CancellationError()
        }
        let leadership = Leadership.elected()

        let reply = try await withPair(over: silent, replica: leadership) { _, replica in
            async let reply = create(replica)
            for await _ in asked {
                break
            }
            leadership.follow(nil)
            return try await reply
        }

        #expect(reply.status == 503)
        #expect(HTTPReply.errorMessage(in: reply.body, status: 503).contains("was lost during the call"))
    }

    @Test("a manager that loses the lead breaks off the creates it has begun, and begins no other")
    func fenced() async throws {
        let (asked, continuation) = AsyncStream<Void>.makeStream()
        let (ended, end) = AsyncStream<Void>.makeStream()
        let count = Counter()
        let silent = try await engine { question in
            guard question.path.hasPrefix("/containers/create") else {
                return false
            }
            _ = count.step()
            continuation.yield()
            await question.pipe.waitForEnd()
            end.yield()
            throw CancellationError()
        }
        let leading = self.leading()

        let reply = try await withGateway(over: [silent], leadership: leading, patience: .zero) { client in
            async let reply = create(client)
            for await _ in asked {
                break
            }
            leading.follow(nil)
            for await _ in ended {
                break
            }
            #expect(try await create(client, "other").status == 503)
            return try await reply
        }

        #expect(reply.status == 503 && count.value == 1)
        #expect(HTTPReply.errorMessage(in: reply.body, status: 503).contains("lost the lead"))
    }

    @Test("a replica says its role and who leads; a leader says its role")
    func info() async throws {
        let (replica, leader, address) = try await withPair(over: try await engine()) { leader, replica in
            func status(_ client: HTTPClient) async throws -> String {
                let reply = try await client.reply(to: HTTPRequest(.GET, "/info"), deadline: .after(.seconds(20)))
                return String(decoding: (try reply.json()["SystemStatus"] ?? .null).bytes, as: UTF8.self)
            }
            return (try await status(replica), try await status(leader), "\(leader.address)")
        }

        #expect(replica.hasPrefix(#"[["Role","replica"],["Primary","\#(address)"],["Strategy","spread"]"#))
        #expect(leader.hasPrefix(#"[["Role","primary"],["Strategy","spread"]"#))
    }
}
