// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import HTTPTransfer
import SwarmCore
import Testing

/// What `/echo` tells of a request.
struct Echo: Decodable {
    var method: String
    var length: Int
    var sha256: String
    var headers: [[String]]
    var client: String

    init(_ response: HTTPResponse) throws {
        self = try JSONDecoder().decode(Echo.self, from: Data(response.body))
    }

    func header(_ name: String) -> String? { headers.first { $0[0].lowercased() == name.lowercased() }?[1] }
}

@Suite("HTTPClient")
struct HTTPClientTests {
    let client = HTTPClient()
    let server: TestServer

    init() async throws {
        server = try await TestServer.start()
    }

    private func request(_ path: String, within: Duration = .seconds(20)) -> HTTPRequest {
        request("GET", path, within: within)
    }

    private func request(_ method: String, _ path: String, within: Duration = .seconds(20)) -> HTTPRequest {
        var request = HTTPRequest(method, server.url + path, deadline: .after(within))
        request.usesProxy = false
        return request
    }

    private func told(_ counter: String) async throws -> Int {
        try #require(Int(try await client.send(request("/told/\(counter)")).text))
    }

    @Test("method, headers and a body in memory arrive", arguments: ["GET", "POST", "PUT", "DELETE"])
    func echo(method: String) async throws {
        var request = request(method, "/echo")
        request.headers = [HTTPHeader("X-One", "1"), HTTPHeader("Content-Type", "application/json")]
        request.body = method == "GET" ? .none : .bytes(Array("hello".utf8))

        let response = try await client.send(request)
        let echo = try Echo(response)

        #expect(response.status == 200)
        #expect(echo.method == method)
        #expect(echo.header("x-one") == "1")
        #expect(echo.header("content-type") == "application/json")
        #expect(echo.header("expect") == nil)
        #expect(echo.length == (method == "GET" ? 0 : 5))
    }

    @Test("a POST without a body says that its length is 0")
    func emptyPost() async throws {
        let echo = try Echo(await client.send(request("POST", "/echo")))

        #expect(echo.header("content-length") == "0")
    }

    @Test("a HEAD request ends with the headers")
    func head() async throws {
        let response = try await client.send(request("HEAD", "/bytes/100"))

        #expect(response.status == 200)
        #expect(response.body.isEmpty)
    }

    @Test("a header that would smuggle in another line is not sent")
    func headerInjection() async throws {
        var request = request("/echo")
        request.headers = [HTTPHeader("X-One", "1\r\nX-Two: 2")]

        let echo = try Echo(await client.send(request))

        #expect(echo.header("x-one") == nil)
        #expect(echo.header("x-two") == nil)
    }

    @Test("a status that is no success is a response")
    func status() async throws {
        let response = try await client.send(request("/status/404/X-Reason=gone"))

        #expect(response.status == 404)
        #expect(!response.isSuccess)
        #expect(response.head.first("x-reason") == "gone")
        #expect(response.text == "status")
    }

    @Test("a file is sent as it is on disk")
    func upload() async throws {
        let folder = try TestFolder()
        let content = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try content.write(to: URL(fileURLWithPath: folder.file("up")))
        var request = request("PUT", "/echo")
        request.body = .file(path: folder.file("up"))

        let echo = try Echo(await client.send(request))
        try await client.download(self.request("/bytes/10"), to: folder.file("sum"))
        try folder.openssl("dgst", "-sha256", "-r", "-out", "sum", "up")

        #expect(echo.length == content.count)
        #expect(try AtomicFile.readText(folder.file("sum")).hasPrefix(echo.sha256))
    }

    @Test("a file that is not there is an error before anything is sent")
    func uploadOfNothing() async throws {
        var request = request("PUT", "/echo")
        request.body = .file(path: "/nowhere/file")

        let error = try await #require(throws: HTTPError.self) { _ = try await client.send(request) }

        #expect(error.kind == .notFound)
    }

    @Test("a hundred requests at once are all answered, over fewer connections than requests")
    func concurrent() async throws {
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 {
                group.addTask { try await client.send(request("/echo")).status }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }

        #expect(statuses == Array(repeating: 200, count: 100))
    }

    @Test("one connection serves requests that follow each other")
    func reuse() async throws {
        for _ in 0..<5 {
            _ = try await client.send(request("/echo"))
        }

        #expect(try await told("connections") == 1)
    }

    @Test("a body above the limit is refused, one at the limit is taken")
    func limit() async throws {
        var request = request("/bytes/100000")
        request.bodyLimit = 99_999
        let endpoint = "127.0.0.1:\(server.port)"

        await #expect(throws: HTTPError.tooLarge(endpoint: endpoint, limit: 99_999)) { try await client.send(request) }
        request.bodyLimit = 100_000
        #expect(try await client.send(request).body.count == 100_000)
    }

    @Test("a head without end is refused")
    func headLimit() async throws {
        let error = try await #require(throws: HTTPError.self) { _ = try await client.send(request("/bighead")) }

        guard case .tooLarge = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test("a stream that nobody reads holds the sender back")
    func backPressure() async throws {
        let total = try await client.stream(request("/flood")) { head, body in
            #expect(head.status == 200)
            var iterator = body.makeAsyncIterator()
            var total = try await iterator.next()?.count ?? 0
            // The sender goes on until all buffers on the way are full.
            var before = -1
            while try await told("flooded") != before {
                before = try await told("flooded")
                try await ContinuousClock().sleep(for: .milliseconds(100))
            }
            #expect(before < 16 << 20, "\(before) bytes were sent though nobody read them")
            while let chunk = try await iterator.next() {
                total += chunk.count
            }
            return total
        }

        #expect(total == 64 << 20)
    }

    @Test("a stream that is left before its end is closed")
    func leftEarly() async throws {
        _ = try await client.stream(request("/flood")) { _, body in
            var iterator = body.makeAsyncIterator()
            return try await iterator.next()?.count
        }

        try await expectClosed(1)
    }

    @Test("the headers are there before the body")
    func headFirst() async throws {
        let status = try await client.stream(request("/stuck")) { head, _ in head.status }

        #expect(status == 200)
    }

    @Test("a download is whole at its path, or not there at all")
    func download() async throws {
        let folder = try TestFolder()

        try await client.download(request("/bytes/1000000"), to: folder.file("whole"))
        await #expect(throws: HTTPError.self) { try await client.download(request("/half"), to: folder.file("half")) }
        await #expect(throws: HTTPError.self) {
            try await client.download(request("/bytes/1000000"), to: folder.file("large"), limit: 1000)
        }
        let missing = try await client.download(request("/status/404"), to: folder.file("missing"))

        #expect(try AtomicFile.read(folder.file("whole")).count == 1_000_000)
        #expect(missing.status == 404)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["whole"])
    }

    @Test("the deadline ends a request that is not answered", arguments: ["/silence", "/stuck"])
    func deadline(path: String) async throws {
        let start = ContinuousClock.now
        let endpoint = "127.0.0.1:\(server.port)"

        await #expect(throws: HTTPError.timedOut(endpoint: endpoint, whileConnecting: false)) {
            try await client.send(request(path, within: .seconds(2)))
        }

        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test("cancelling a task ends its request at once", arguments: ["/silence", "/stuck"])
    func cancellation(path: String) async throws {
        let running = Task { try await client.send(request(path)) }
        while try await told("connections") < 2 {
            try await ContinuousClock().sleep(for: .milliseconds(10))
        }
        let start = ContinuousClock.now
        running.cancel()

        await #expect(throws: CancellationError.self) { try await running.value }
        #expect(ContinuousClock.now - start < .seconds(20))
        try await expectClosed(1)
    }

    @Test("a task that is cancelled already sends nothing")
    func cancelledBefore() async throws {
        let running = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.send(request("/echo"))
        }

        await #expect(throws: CancellationError.self) { try await running.value }
        #expect(try await told("connections") == 1, "only the connection of this question")
    }

    @Test("redirects are followed as often as allowed")
    func redirects() async throws {
        var request = request("/redirect/3")

        #expect(try await client.send(request).status == 302)
        request.redirectLimit = 3
        #expect(try await client.send(request).status == 200)
        request.redirectLimit = 2
        await #expect(throws: HTTPError.tooManyRedirects(endpoint: "127.0.0.1:\(server.port)")) {
            try await client.send(request)
        }
    }

    @Test("a Unix socket is talked to like a host")
    func unixSocket() async throws {
        let folder = try TestFolder()
        let server = try await TestServer.start(["--unix", folder.file("sock")])
        var request = HTTPRequest("GET", server.url + "/echo")
        request.unixSocket = folder.file("sock")

        let echo = try Echo(await client.send(request))

        #expect(echo.header("host") == "engine")
    }

    /// Waits until the server saw so many connections closed by us.
    private func expectClosed(_ count: Int) async throws {
        let deadline = Deadline.after(.seconds(5))
        while try await told("closed") < count, !deadline.hasPassed {
            try await ContinuousClock().sleep(for: .milliseconds(20))
        }
        #expect(try await told("closed") == count)
    }
}
