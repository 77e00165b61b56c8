// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Cluster
import DockerAPI
import Gateway
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Scheduling
import SwarmCore
import Synchronization

/// What an engine is asked, without the version in the path.
struct EngineQuestion: Sendable {
    let method: HTTPMethod
    let path: String
    let headers: HTTPHeaders
    let body: HTTPBodyReader
    let pipe: BytePipe

    func reply(_ status: Int, _ text: String) async throws {
        let head =
            "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\nContent-Length: \(text.utf8.count)\r\n\r\n"
        try await pipe.write(ByteBuffer(string: head + text))
    }
}

/// An engine in this process whose answers a test decides; what it leaves open has a plain answer.
final class FakeEngine: Sendable {
    /// Answers a question itself and returns true, or returns false for the plain answer.
    typealias Script = @Sendable (EngineQuestion) async throws -> Bool

    let address: String
    private let channel: any Channel
    private let task: Task<Void, Never>

    init(name: String, containers: String = "[]", script: @escaping Script = { _ in false }) async throws {
        let (pipes, continuation) = AsyncStream<BytePipe>.makeStream()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { continuation.yield(try BytePipe.install(on: channel)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        address = "127.0.0.1:\(channel.localAddress?.port ?? 0)"
        task = Task {
            await withTaskGroup(of: Void.self) { group in
                for await pipe in pipes {
                    group.addTask {
                        try? await Self.serve(pipe, name: name, containers: containers, script: script)
                        pipe.close()
                    }
                }
            }
        }
    }

    deinit {
        task.cancel()
        channel.close(promise: nil)
    }

    private static func serve(_ pipe: BytePipe, name: String, containers: String, script: Script) async throws {
        while let head = try await HTTPMessageReader(pipe: pipe).requestHead() {
            let decoder = try HTTPBodyDecoder(request: head.headers)
            var path = head.uri
            if path.hasPrefix("/v1.") {
                path = "/" + path.dropFirst().drop { $0 != "/" }.dropFirst()
            }
            let body = HTTPBodyReader(pipe: pipe, decoder: decoder)
            let question = EngineQuestion(
                method: head.method,
                path: path,
                headers: head.headers,
                body: body,
                pipe: pipe
            )
            if try await !script(question) {
                _ = try await body.collect(limit: 1 << 20)
                try await plain(question, name: name, containers: containers)
            }
        }
    }

    private static func plain(_ question: EngineQuestion, name: String, containers: String) async throws {
        switch String(question.path.prefix { $0 != "?" }) {
        case "/_ping": try await question.reply(200, "OK")
        case "/version":
            try await question.reply(200, #"{"Version":"20.10.1","ApiVersion":"1.41","MinAPIVersion":"1.24"}"#)
        case "/info":
            let text =
                #"{"ID":"ID-\#(name)","Name":"\#(name)","NCPU":2,"MemTotal":4294967296,"OSType":"linux","#
                + #""Architecture":"x86_64","Driver":"overlay2","ServerVersion":"20.10.1","Labels":["zone=a"]}"#
            try await question.reply(200, text)
        case "/containers/json": try await question.reply(200, containers)
        case "/images/json", "/networks": try await question.reply(200, "[]")
        case "/volumes": try await question.reply(200, #"{"Volumes":[]}"#)
        case "/events":
            try await question.pipe.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
            while try await question.pipe.read() != nil {}
        case let path where path.hasPrefix("/containers/") && path.hasSuffix("/json"):
            let id = path.split(separator: "/")[1]
            try await question.reply(200, #"{"Id":"\#(id)","Name":"/web","State":{},"Config":{},"HostConfig":{}}"#)
        default: try await question.reply(404, #"{"message":"not here"}"#)
        }
    }
}

/// A gateway over fake engines, all healthy, for the time of a closure.
///
/// With `leadership` it is one of several managers, whose requests wait for a leader for `patience`.
func withGateway<Result: Sendable>(
    over engines: [FakeEngine],
    leadership: Leadership? = nil,
    patience: Duration = .seconds(60),
    configure: (inout GatewayConfiguration) -> Void = { _ in },
    routes: [Route] = [],
    _ body: @escaping @Sendable (HTTPClient) async throws -> Result
) async throws -> Result {
    var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    logger.logLevel = .critical
    let cluster = Cluster(
        configuration: ClusterConfiguration(scheduler: try Scheduler()),
        leadership: leadership ?? .alone(),
        logger: logger
    ) { address in
        HTTPClient(address: try EngineAddress(parsing: address))
    }
    cluster.setMembers(engines.map(\.address))
    var configuration = GatewayConfiguration(addresses: [.tcp(host: "127.0.0.1", port: 0)])
    if leadership != nil {
        configuration.replication = Replication(address: "self:1", patience: patience, grace: .milliseconds(50))
    }
    configure(&configuration)
    let gateway = Gateway(cluster: cluster, configuration: configuration, routes: routes, logger: logger)
    let (addresses, continuation) = AsyncStream<EngineAddress>.makeStream()
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask {
            await cluster.run()
            return nil
        }
        group.addTask {
            try await gateway.run { $0.forEach { continuation.yield($0) } }
            return nil
        }
        group.addTask {
            try await withDeadline(.after(.seconds(20)), operation: "waiting for the engines") {
                while cluster.snapshot.healthyNodes.count < engines.count {
                    try await ContinuousClock().sleep(for: .milliseconds(5))
                }
            }
            for await address in addresses {
                return try await body(HTTPClient(address: address))
            }
            throw CancellationError()
        }
        defer { group.cancelAll() }
        while let finished = try await group.next() {
            if let result = finished {
                return result
            }
        }
        throw CancellationError()
    }
}

/// The text of a file beside the tests.
func fixture(_ name: String) throws -> String {
    let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    return try AtomicFile.readText("/\(folder)/Fixtures/\(name)")
}
