// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import Gateway
import NIOCore
import NIOHTTP1
import SwarmCore
import Testing

@Suite("Gateway", .timeLimit(.minutes(1)))
struct GatewayTests {
    private static let webID = String(repeating: "a", count: 64)
    private static let list = """
        [{"Id":"\(webID)","Names":["/web"],"Image":"nginx","ImageID":"sha256:1","Command":"x","Created":1700000000,\
        "Ports":[{"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},\
        {"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}],"Labels":{"a":"b"},"State":"running",\
        "Status":"Up 2 days","Future":{"x":[1, 2.50]}}]
        """

    /// An engine with the container `web`.
    private func engine(_ script: @escaping FakeEngine.Script = { _ in false }) async throws -> FakeEngine {
        try await FakeEngine(name: "node-1", containers: Self.list, script: script)
    }

    private func get(_ client: HTTPClient, _ target: String) async throws -> HTTPReply {
        try await client.reply(to: HTTPRequest(.GET, target), deadline: .after(.seconds(10)))
    }

    @Test("the list names the node, publishes reachable addresses once, and keeps unknown fields")
    func list() async throws {
        let engine = try await engine()

        let text = try await withGateway(over: [engine]) { client in
            String(decoding: try await get(client, "/v1.41/containers/json?all=1").body, as: UTF8.self)
        }

        #expect(text == (try fixture("containers-list.json")))
    }

    @Test("inspection adds the node, puts IPv4 first, and keeps unknown fields")
    func inspection() async throws {
        let answer = """
            {"Id":"\(Self.webID)","Name":"/web","State":{"Status":"running"},"NetworkSettings":{"Ports":{"80/tcp":\
            [{"HostIp":"::","HostPort":"8080"},{"HostIp":"0.0.0.0","HostPort":"8080"}],"81/tcp":null},"New":1},\
            "Config":{},"HostConfig":{},"Future":1e2}
            """
        let engine = try await engine { question in
            guard question.path == "/containers/web/json" else {
                return false
            }
            try await question.reply(200, answer)
            return true
        }

        let (text, port) = try await withGateway(over: [engine]) { client in
            let reply = try await get(client, "/containers/web/json")
            return (String(decoding: reply.body, as: UTF8.self), engine.address)
        }

        #expect(text == (try fixture("container-inspect.json")).replacing("ADDRESS", with: port))
    }

    @Test("version and ping say what the cluster speaks")
    func version() async throws {
        let engine = try await engine()

        let (version, ping) = try await withGateway(over: [engine]) { client in
            (try await get(client, "/version").json(), try await get(client, "/_ping"))
        }

        #expect(version["Version"]?.string?.hasPrefix("swarm/") == true)
        #expect(version["ApiVersion"]?.string == "1.41")
        #expect(version["MinAPIVersion"]?.string == "1.24")
        #expect(ping.headers["Api-Version"] == ["1.41"])
        #expect(ping.headers["X-Request-Id"].count == 1)
        #expect(ping.body == Array("OK".utf8))
    }

    @Test("metrics count nodes, containers and requests by route")
    func metrics() async throws {
        let engine = try await engine()

        let text = try await withGateway(over: [engine]) { client in
            _ = try await get(client, "/containers/nosuch/json")
            return String(decoding: try await get(client, "/metrics").body, as: UTF8.self)
        }

        #expect(text.contains("swarm_nodes{status=\"Healthy\"} 1\n"))
        #expect(text.contains("swarm_containers{state=\"running\"} 1\n"))
        let labels = #"route="containers/{name}/json",method="GET",status="404""#
        #expect(text.contains("# TYPE swarm_request_seconds histogram\n"))
        #expect(text.contains("swarm_request_seconds_count{\(labels)} 1\n"))
        #expect(text.contains("swarm_request_seconds_bucket{\(labels),le=\"600.0\"} 1\n"))
        #expect(text.contains("swarm_request_seconds_bucket{\(labels),le=\"+Inf\"} 1\n"))
    }

    @Test("the page needs nothing from elsewhere, and its list has the nodes with what they hold")
    func page() async throws {
        let engine = try await engine()

        let (page, nodes) = try await withGateway(over: [engine]) { client in
            (try await get(client, "/ui"), try await get(client, "/cluster/nodes").json())
        }

        #expect(page.headers["Content-Type"] == ["text/html; charset=utf-8"])
        #expect(page.headers["Content-Security-Policy"].first?.hasPrefix("default-src 'none'") == true)
        let text = String(decoding: page.body, as: UTF8.self)
        #expect(text.hasSuffix("</html>\n"))
        #expect(!text.contains("http://") && !text.contains("https://") && !text.contains("innerHTML"))
        #expect(nodes.elements.map { $0["Name"]?.string } == ["node-1"])
        #expect(nodes.elements.first?["Status"]?.string == "Healthy")
        #expect(nodes.elements.first?["Containers"]?["Running"]?.int == 1)
        #expect(nodes.elements.first?["Memory"]?.int == 4_294_967_296)
    }

    @Test("info has classic swarm's lines for each node")
    func info() async throws {
        let engine = try await engine()

        let info = try await withGateway(over: [engine]) { try await get($0, "/info").json() }

        let lines = (info["SystemStatus"]?.elements ?? []).map(\.strings)
        #expect(
            lines.map { $0.first ?? "" } == [
                "Role", "Strategy", "Filters", "Nodes", " node-1", "  └ ID", "  └ Status", "  └ Containers",
                "  └ Reserved CPUs", "  └ Reserved Memory", "  └ Labels", "  └ UpdatedAt", "  └ ServerVersion",
            ]
        )
        #expect(lines.contains(["  └ Status", "Healthy"]))
        #expect(lines.contains(["  └ Containers", "1 (1 Running, 0 Paused, 0 Stopped)"]))
        #expect(lines.contains(["  └ Reserved Memory", "0 B / 4 GiB"]))
        #expect(info["NCPU"]?.int == 2)
    }

    @Test(
        "what is wrong with a request is said in Docker's shape, and the server goes on",
        arguments: [
            (method: HTTPMethod.GET, target: "/containers/nosuch/json", body: "", status: 404),
            (method: .GET, target: "/v1.99/info", body: "", status: 400),
            (method: .GET, target: "/containers/json?filters=%7B", body: "", status: 400),
            (method: .GET, target: "/containers/json?filters=%7B%22nope%22%3A%5B%22a%22%5D%7D", body: "", status: 400),
            (method: .GET, target: "/containers/..%2F..%2Finfo/json", body: "", status: 400),
            (method: .GET, target: "/containers/%ff/json", body: "", status: 400),
            (method: .POST, target: "/containers/create", body: "{", status: 400),
            (method: .GET, target: "/services", body: "", status: 503),
        ]
    )
    func errors(method: HTTPMethod, target: String, body: String, status: Int) async throws {
        let engine = try await engine()

        let (reply, after) = try await withGateway(over: [engine]) { client in
            let reply = try await client.reply(
                to: HTTPRequest(method, target),
                body: body.isEmpty ? .none : .bytes(Array(body.utf8)),
                deadline: .after(.seconds(10))
            )
            return (reply, try await get(client, "/_ping"))
        }

        #expect(reply.status == status)
        #expect(try JSON(parsing: reply.body)["message"]?.string?.isEmpty == false)
        #expect(after.status == 200)
    }

    @Test("a header that is too large is refused")
    func largeHeader() async throws {
        let engine = try await engine()

        let status = try await withGateway(over: [engine]) { client in
            let field = String(repeating: "x", count: 70 << 10)
            let request = HTTPRequest(.GET, "/_ping", headers: ["X-Large": field])
            return try await client.reply(to: request, deadline: .after(.seconds(10))).status
        }

        #expect(status == 431)
    }

    @Test("an attached client's end reaches the engine, and the engine's answer the client")
    func attach() async throws {
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

        let answers = try await withGateway(over: [engine]) { client in
            var answers: [String] = []
            for headers in [["Connection": "Upgrade", "Upgrade": "tcp"], [:]] as [HTTPHeaders] {
                let request = HTTPRequest(.POST, "/containers/web/attach?stream=1&stdin=1", headers: headers)
                answers.append(
                    try await client.withResponse(to: request, deadline: .after(.seconds(10))) { response in
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

    @Test("a client that goes away ends the call on the engine")
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

        let step = try await withGateway(over: [engine]) { client in
            let request = HTTPRequest(.GET, "/containers/web/logs?follow=1&stdout=1")
            // The body is not read: leaving the closure closes the connection.
            let status = try await client.withResponse(to: request, deadline: .after(.seconds(10))) { $0.status }
            #expect(status == 200)
            var iterator = steps.makeAsyncIterator()
            return await iterator.next()
        }

        #expect(step == "ended")
    }

    @Test("a container is created without the expressions, which stay in its labels")
    func create() async throws {
        let (bodies, continuation) = AsyncStream<JSON>.makeStream()
        let id = String(repeating: "b", count: 64)
        let engine = try await engine { question in
            guard question.path.hasPrefix("/containers/create") else {
                return false
            }
            continuation.yield(try JSON(parsing: try await question.body.collect(limit: 1 << 20)))
            try await question.reply(201, #"{"Id":"\#(id)","Warnings":[]}"#)
            return true
        }

        let (created, conflict) = try await withGateway(over: [engine]) { client in
            let body = HTTPBody.bytes(Array(#"{"Image":"nginx","Env":["constraint:zone==a","A=b"],"New":1}"#.utf8))
            func create(_ name: String) async throws -> HTTPReply {
                try await client.reply(
                    to: HTTPRequest(.POST, "/containers/create?name=\(name)"),
                    body: body,
                    deadline: .after(.seconds(10))
                )
            }
            return (try await create("new"), try await create("web"))
        }

        var iterator = bodies.makeAsyncIterator()
        let sent = try #require(await iterator.next())
        #expect(created.status == 201)
        #expect(sent["Env"]?.strings == ["A=b"])
        #expect(sent["New"]?.int == 1)
        #expect(sent["Labels"]?["com.docker.swarm.constraints"]?.string == #"["zone==a"]"#)
        #expect(conflict.status == 409)
        #expect(HTTPReply.errorMessage(in: conflict.body, status: 409).hasPrefix("Conflict. The container name"))
    }

    @Test("an upload goes through as fast as the engine takes it, and is held nowhere")
    func backPressure() async throws {
        let engine = try await engine { question in
            guard question.path.hasPrefix("/containers/web/archive") else {
                return false
            }
            await question.pipe.waitForEnd()
            throw CancellationError()
        }

        let sent = try await withGateway(over: [engine]) { client in
            let source = CountingSource()
            let call = Task {
                try await client.withResponse(
                    to: HTTPRequest(.PUT, "/containers/web/archive?path=/"),
                    body: .stream(source, length: nil)
                ) { $0.status }
            }
            try await source.waitUntilQuiet()
            call.cancel()
            return source.count
        }

        // What the sockets' buffers take, of three connections, and no more.
        #expect(sent > 0)
        #expect(sent < 48 << 20)
    }
}
