// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import NIOCore
import NIOHTTP1
import SwarmCore
import Synchronization
import Testing

/// Certificates made for these tests: `node` is for 127.0.0.1, `elsewhere` for 127.0.0.2.
enum TestCertificates {
    static func files(_ name: String) -> TLSFiles {
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let path = "/\(folder)/Fixtures/tls/"
        return TLSFiles(
            authority: path + "ca.pem",
            certificate: path + "\(name).pem",
            key: path + "\(name)-key.pem"
        )
    }

    static func contexts(_ name: String) throws -> TLSContexts {
        try TLSContexts(files: files(name))
    }
}

@Suite("BytePipe", .timeLimit(.minutes(1)))
struct BytePipeTests {
    private static let upgrade = HTTPRequest(
        .POST,
        "/attach",
        headers: ["Connection": "Upgrade", "Upgrade": "tcp"]
    )

    /// Accepts an upgrade, waits for the end of what the client sends, and answers with its size.
    private static func countingAfterEnd(_ pipe: BytePipe, _ connection: Int) async throws {
        _ = try await HTTPMessageReader(pipe: pipe).requestHead()
        try await pipe.write(ByteBuffer(string: "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"))
        var count = 0
        while let bytes = try await pipe.read() {
            count += bytes.readableBytes
        }
        try await pipe.write(ByteBuffer(string: "got \(count)"))
        try await pipe.closeOutput()
    }

    @Test("the client's end is seen by the server, which can still answer", arguments: [false, true])
    func halfClose(usesTLS: Bool) async throws {
        let tls = usesTLS ? try TestCertificates.contexts("node") : nil
        let server = try await StubServer(tls: tls, Self.countingAfterEnd)
        let client = HTTPClient(address: server.address, tls: tls)

        let answer = try await client.withResponse(to: Self.upgrade, deadline: .after(.seconds(50))) { response in
            #expect(response.isRawStream)
            let pipe = response.upgrade()
            for _ in 0..<256 {
                try await pipe.write(ByteBuffer(repeating: 1, count: 32 << 10))
            }
            try await pipe.closeOutput()
            var text = ""
            while let bytes = try await pipe.read() {
                text += String(buffer: bytes)
            }
            return text
        }

        #expect(answer == "got \(8 << 20)")
    }

    @Test("the server's end is seen by the client, which can still send", arguments: [false, true])
    func halfCloseByServer(usesTLS: Bool) async throws {
        let tls = usesTLS ? try TestCertificates.contexts("node") : nil
        let (counts, continuation) = AsyncStream<Int>.makeStream()
        let server = try await StubServer(tls: tls) { pipe, _ in
            _ = try await HTTPMessageReader(pipe: pipe).requestHead()
            try await pipe.write(ByteBuffer(string: "HTTP/1.1 101 UPGRADED\r\n\r\nhello"))
            try await pipe.closeOutput()
            var count = 0
            while let bytes = try await pipe.read() {
                count += bytes.readableBytes
            }
            continuation.yield(count)
        }
        let client = HTTPClient(address: server.address, tls: tls)

        try await client.withResponse(to: Self.upgrade, deadline: .after(.seconds(50))) { response in
            let pipe = response.upgrade()
            #expect(try await pipe.read().map { String(buffer: $0) } == "hello")
            #expect(try await pipe.read() == nil)
            try await pipe.write(ByteBuffer(repeating: 1, count: 1 << 20))
            try await pipe.closeOutput()
        }

        for await count in counts {
            #expect(count == 1 << 20)
            break
        }
    }

    @Test("the old form of a raw stream is a 200 without a length")
    func oldForm() async throws {
        let server = try await StubServer { pipe, _ in
            _ = try await HTTPMessageReader(pipe: pipe).requestHead()
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
            try await pipe.write(ByteBuffer(string: head + "first"))
            while let bytes = try await pipe.read() {
                try await pipe.write(bytes)
            }
            try await pipe.closeOutput()
        }
        let client = HTTPClient(address: server.address)

        let echo = try await client.withResponse(to: HTTPRequest(.POST, "/attach")) { response in
            #expect(response.isRawStream)
            let pipe = response.upgrade()
            #expect(try await pipe.read().map { String(buffer: $0) } == "first")
            try await pipe.write(ByteBuffer(string: "second"))
            try await pipe.closeOutput()
            return try await pipe.read().map { String(buffer: $0) }
        }

        #expect(echo == "second")
    }

    @Test("a reader that stops reading stops the writer, and holds a bounded number of bytes")
    func backPressure() async throws {
        let counter = Counter()
        let server = try await StubServer { pipe, _ in
            _ = try await HTTPMessageReader(pipe: pipe).requestHead()
            try await pipe.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"))
            while true {
                try await pipe.write(ByteBuffer(repeating: 1, count: 64 << 10))
                counter.add(64 << 10)
            }
        }
        let client = HTTPClient(address: server.address)

        try await client.withResponse(to: HTTPRequest(.GET, "/")) { response in
            _ = try await response.read()
            try await counter.waitUntilQuiet()
        }

        // What the sockets' buffers take (a few MiB), and no more.
        #expect(counter.value < 32 << 20)
    }

    @Test("a connection reads little at a time for short answers, and much for streams, also when it is the same one")
    func readSizes() async throws {
        let server = try await StubServer { pipe, _ in
            while try await HTTPMessageReader(pipe: pipe).requestHead() != nil {
                try await pipe.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"))
            }
        }
        let client = HTTPClient(address: server.address)
        let dialled = HTTPClient(address: server.address)

        func mostAtATime(_ client: HTTPClient, isShort: Bool) async throws -> Int {
            try await client.withResponse(to: HTTPRequest(.GET, "/"), isShort: isShort) { response in
                _ = try await response.collect()
                let allocator = try await response.upgrade().channel.getOption(.recvAllocator).get()
                return (allocator as? AdaptiveRecvByteBufferAllocator)?.maximum ?? 0
            }
        }
        let short = try await mostAtATime(client, isShort: true)
        _ = try await client.reply(to: HTTPRequest(.GET, "/"), deadline: .after(.seconds(30)))
        let reused = try await mostAtATime(client, isShort: false)
        let new = try await mostAtATime(dialled, isShort: false)

        #expect(short == 8 << 10)
        #expect(reused == 256 << 10)
        #expect(new == 256 << 10)
    }

    @Test("who writes on the connection's own thread again and again lets others have their turn")
    func turns() async throws {
        let server = try await StubServer { pipe, _ in
            while try await pipe.read() != nil {}
        }
        let pipe = try await BytePipe.connect(to: server.address, tls: nil, deadline: .after(.seconds(30)))

        let others = Task(executorPreference: pipe.executor) {
            let others = Counter()
            pipe.channel.eventLoop.execute { others.add(1) }
            for _ in 0..<32 {
                try await pipe.write(ByteBuffer(string: "x"))
            }
            return others.value
        }

        #expect(try await others.value == 1)
        pipe.close()
    }

    @Test("a body that is all there is taken at once, and any other left as it is")
    func arrivedBody() async throws {
        let server = try await StubServer { pipe, _ in
            _ = try await pipe.read()
            try await pipe.write(ByteBuffer(string: "12345rest"))
            _ = try await pipe.read()
        }
        let pipe = try await BytePipe.connect(to: server.address, tls: nil, deadline: .after(.seconds(30)))
        func reader(_ length: String) throws -> HTTPBodyReader {
            HTTPBodyReader(pipe: pipe, decoder: try HTTPBodyDecoder(request: ["Content-Length": length]))
        }
        #expect(try reader("0").collectArrived(limit: 0) == [])
        #expect(try reader("5").collectArrived(limit: 10) == nil)
        try await pipe.write(ByteBuffer(string: "go"))
        pipe.unread(try #require(try await pipe.read()))

        #expect(try reader("10").collectArrived(limit: 10) == nil)
        #expect(try reader("5").collectArrived(limit: 4) == nil)
        let whole = try reader("5")
        #expect(whole.collectArrived(limit: 5) == Array("12345".utf8))
        #expect(whole.isComplete)
        #expect(try await pipe.read().map { String(buffer: $0) } == "rest")
        pipe.close()
    }

    @Test(
        "a certificate for another address is refused, also where nodes are taken that are not of our cluster",
        arguments: [PeerExpectation.address, .addressOrNode]
    )
    func wrongAddress(expectation: PeerExpectation) async throws {
        let server = try await StubServer(tls: try TestCertificates.contexts("elsewhere")) { pipe, _ in
            _ = try await pipe.read()
        }
        let tls = try TestCertificates.contexts("node")
        let client = HTTPClient(address: server.address, tls: tls, expecting: expectation)

        let error = try await #require(throws: DockerAPIError.self) {
            try await client.reply(to: HTTPRequest(.GET, "/"), deadline: .after(.seconds(50)))
        }

        #expect(client.peer == nil)
        guard case .handshakeFailed = error else {
            Issue.record("not a failed handshake: \(error)")
            return
        }
    }

    @Test("a client without a certificate is refused")
    func noCertificate() async throws {
        let server = try await StubServer(tls: try TestCertificates.contexts("node")) { pipe, _ in
            _ = try await HTTPMessageReader(pipe: pipe).requestHead()
            try await pipe.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        }
        var files = TestCertificates.files("node")
        files.certificate = nil
        files.key = nil
        let client = HTTPClient(address: server.address, tls: try TLSContexts(files: files))

        await #expect(throws: DockerAPIError.self) {
            try await client.reply(to: HTTPRequest(.GET, "/"), deadline: .after(.seconds(50)))
        }
    }

    @Test("new connections use the certificate that has replaced the old one")
    func certificateReload() async throws {
        let folder = "/tmp/swarmctl-tls-\(UInt64.random(in: 0...UInt64.max))"
        try AtomicFile.makeFolder(folder)
        func install(_ name: String) throws {
            let files = TestCertificates.files(name)
            try AtomicFile.write(AtomicFile.read(files.certificate ?? ""), to: "\(folder)/cert.pem")
            try AtomicFile.write(AtomicFile.read(files.key ?? ""), to: "\(folder)/key.pem")
        }
        try install("elsewhere")
        var files = TestCertificates.files("node")
        files.certificate = "\(folder)/cert.pem"
        files.key = "\(folder)/key.pem"
        let server = try await StubServer(tls: try TLSContexts(files: files)) { pipe, _ in
            _ = try await HTTPMessageReader(pipe: pipe).requestHead()
            try await pipe.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        }
        let client = HTTPClient(address: server.address, tls: try TestCertificates.contexts("node"))
        await #expect(throws: DockerAPIError.self) {
            try await client.reply(to: HTTPRequest(.GET, "/"), deadline: .after(.seconds(50)))
        }

        try install("node")
        let reply = try await client.reply(to: HTTPRequest(.GET, "/"), deadline: .after(.seconds(50)))

        #expect(reply.status == 200)
    }
}

/// Counts bytes, and tells when the count stands still.
final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func add(_ more: Int) {
        count.withLock { $0 += more }
    }

    /// Polls, because nothing tells that something does not happen.
    func waitUntilQuiet() async throws {
        var last = -1
        while last != value {
            last = value
            try await ContinuousClock().sleep(for: .milliseconds(200))
        }
    }
}
