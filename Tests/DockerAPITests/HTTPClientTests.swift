// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import NIOCore
import NIOHTTP1
import SwarmCore
import Synchronization
import Testing

@Suite("HTTPClient", .timeLimit(.minutes(1)))
struct HTTPClientTests {
    private var soon: Deadline { .after(.seconds(50)) }

    /// Answers each request with its number on the connection, and the connection's number.
    private static func answering(_ pipe: BytePipe, _ connection: Int) async throws {
        var count = 0
        while let head = try await HTTPMessageReader(pipe: pipe).requestHead() {
            let decoder = try HTTPBodyDecoder(request: head.headers)
            let body = try await HTTPBodyReader(pipe: pipe, decoder: decoder).collect(limit: 1 << 20)
            let text = "\(connection).\(count) \(head.method) \(head.uri) \(body.count)"
            count += 1
            try await pipe.write(
                ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
            )
        }
    }

    private func text(_ reply: HTTPReply) -> String {
        String(decoding: reply.body, as: UTF8.self)
    }

    @Test("requests one after the other share a connection, with bodies of every kind")
    func reuse() async throws {
        let server = try await StubServer(Self.answering)
        let client = HTTPClient(address: server.address)

        let first = try await client.reply(to: HTTPRequest(.GET, "/a"), deadline: soon)
        let second = try await client.reply(to: HTTPRequest(.POST, "/b"), body: .bytes([1, 2]), deadline: soon)
        let source = ListSource(["abc", "defg"])
        let third = try await client.reply(
            to: HTTPRequest(.PUT, "/c"),
            body: .stream(source, length: nil),
            deadline: soon
        )
        let known = ListSource(["abc", "defg"])
        let fourth = try await client.reply(
            to: HTTPRequest(.PUT, "/d"),
            body: .stream(known, length: 7),
            deadline: soon
        )

        #expect(text(first) == "0.0 GET /a 0")
        #expect(text(second) == "0.1 POST /b 2")
        #expect(text(third) == "0.2 PUT /c 7")
        #expect(text(fourth) == "0.3 PUT /d 7")
    }

    @Test("a connection that is too old is not given another request")
    func age() async throws {
        let server = try await StubServer(Self.answering)
        var limits = PoolLimits()
        limits.age = .zero
        let client = HTTPClient(address: server.address, limits: limits)

        let first = try await client.reply(to: HTTPRequest(.GET, "/a"), deadline: soon)
        let second = try await client.reply(to: HTTPRequest(.GET, "/b"), deadline: soon)

        #expect(text(first) == "0.0 GET /a 0")
        #expect(text(second) == "1.0 GET /b 0")
    }

    @Test("what may not be sent any more after the dial is not sent, with bodies of every kind")
    func notAllowed() async throws {
        let server = try await StubServer(Self.answering)
        let client = HTTPClient(address: server.address)
        var request = HTTPRequest(.POST, "/late")
        request.mayBeSent = { throw CancellationError() }

        for body in [HTTPBody.none, .bytes([1]), .stream(ListSource(["a"]), length: 1)] {
            await #expect(throws: CancellationError.self) {
                try await client.reply(to: request, body: body, deadline: soon)
            }
        }
        let next = try await client.reply(to: HTTPRequest(.GET, "/next"), deadline: soon)

        #expect(text(next).hasSuffix(".0 GET /next 0"), "something was sent before on this connection")
    }

    @Test("a body that waits to be asked for is not read when the server answers without it")
    func notAskedFor() async throws {
        let server = try await StubServer { pipe, _ in
            _ = try await HTTPMessageReader(pipe: pipe).requestHead()
            try await pipe.write(ByteBuffer(string: "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"))
        }
        var request = HTTPRequest(.POST, "/offer")
        request.onContinue = { Issue.record("the server did not ask") }
        let source = ListSource(["abc"])

        let client = HTTPClient(address: server.address)
        let reply = try await client.reply(to: request, body: .stream(source, length: 3), deadline: soon)

        #expect(reply.status == 503)
        #expect(try await source.read() == ByteBuffer(string: "abc"))
    }

    @Test("a connection that the server closed while idle is not used again")
    func staleConnection() async throws {
        let server = try await StubServer { pipe, connection in
            _ = try await HTTPMessageReader(pipe: pipe).requestHead()
            try await pipe.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(connection)"))
        }
        let client = HTTPClient(address: server.address)

        for number in 0..<5 {
            let reply = try await client.reply(to: HTTPRequest(.GET, "/"), deadline: soon)
            #expect(text(reply) == "\(number)")
        }
    }

    @Test("an answer that was not read to its end gives up its connection")
    func unreadAnswer() async throws {
        let server = try await StubServer { pipe, connection in
            while try await HTTPMessageReader(pipe: pipe).requestHead() != nil {
                try await pipe.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\(connection)x"))
            }
        }
        let client = HTTPClient(address: server.address)

        let status = try await client.withResponse(to: HTTPRequest(.GET, "/")) { $0.status }
        let reply = try await client.reply(to: HTTPRequest(.GET, "/"), deadline: soon)

        #expect(status == 200)
        #expect(text(reply) == "1x")
    }

    @Test("the deadline ends the wait for an answer, and names the call without its query")
    func deadline() async throws {
        let server = try await StubServer { pipe, _ in
            while try await pipe.read() != nil {}
        }
        let client = HTTPClient(address: server.address)

        let error = try await #require(throws: DeadlineExceeded.self) {
            try await client.withResponse(
                to: HTTPRequest(.GET, "/slow?secret=1"),
                deadline: .after(.seconds(2))
            ) { $0.status }
        }

        #expect(error.operation == "GET /slow on \"\(server.address)\"")
    }

    @Test("cancellation closes the connection, which the server sees")
    func cancellation() async throws {
        let (ends, continuation) = AsyncStream<Void>.makeStream()
        let (starts, started) = AsyncStream<Void>.makeStream()
        let server = try await StubServer { pipe, _ in
            _ = try await HTTPMessageReader(pipe: pipe).requestHead()
            started.yield()
            while try await pipe.read() != nil {}
            continuation.yield()
        }
        let client = HTTPClient(address: server.address)

        let call = Task { try await client.withResponse(to: HTTPRequest(.GET, "/")) { $0.status } }
        for await _ in starts { break }
        call.cancel()

        await #expect(throws: CancellationError.self) { try await call.value }
        for await _ in ends { break }
    }

    @Test("an early answer to a long upload is read, and the upload stops")
    func earlyAnswer() async throws {
        let server = try await StubServer { pipe, _ in
            _ = try await HTTPMessageReader(pipe: pipe).requestHead()
            try await pipe.write(
                ByteBuffer(string: "HTTP/1.1 413 Too Large\r\nContent-Length: 17\r\n\r\n{\"message\":\"big\"}")
            )
            try await pipe.closeOutput()
            _ = try await pipe.read()
        }
        let client = HTTPClient(address: server.address)

        let reply = try await client.reply(
            to: HTTPRequest(.POST, "/"),
            body: .stream(EndlessSource(), length: nil),
            deadline: soon
        )

        let error = #expect(throws: DockerAPIError.self) { try reply.check() }
        #expect(error == .refused(status: 413, message: "big"))
    }

    @Test("nothing listening is an error that names the address and the reason")
    func refused() async throws {
        let client = HTTPClient(address: .tcp(host: "127.0.0.1", port: 1))

        let error = try await #require(throws: DockerAPIError.self) {
            try await client.reply(to: HTTPRequest(.GET, "/"), deadline: soon)
        }

        #expect(error == .cannotConnect(address: "127.0.0.1:1", reason: "Connection refused"))
    }
}

/// Bytes from a list of strings.
final class ListSource: ByteSource {
    private let pieces: Mutex<[String]>

    init(_ pieces: [String]) {
        self.pieces = Mutex(pieces)
    }

    func read() async throws -> ByteBuffer? {
        pieces.withLock { $0.isEmpty ? nil : ByteBuffer(string: $0.removeFirst()) }
    }
}
