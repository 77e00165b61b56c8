// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Discovery
internal import DockerAPI
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import SwarmCore
internal import Synchronization

/// What an agent answers to whoever asks for its health.
///
/// It is healthy as long as the store keeps the node: a store that is away for less than the TTL
/// does not make it unhealthy.
final class AgentHealth: Sendable {
    private struct State {
        var end: ContinuousClock.Instant?
        var reason = "it has not registered yet"
    }

    private let state = Mutex(State())

    /// Takes note of an agent's state.
    func note(_ change: AgentState) {
        state.withLock { state in
            switch change {
            case .starting: break
            case .registered(let end): state.end = end
            case .failed(let reason): state.reason = reason
            case .left: state = State(reason: "it has left")
            }
        }
    }

    /// Why the node is not registered; `nil` when it is.
    var problem: String? {
        state.withLock { state in
            guard let end = state.end, end > .now else {
                return state.reason
            }
            return nil
        }
    }

    // MARK: Server

    /// The longest time for one call.
    private static let callTime: Duration = .seconds(10)

    /// Answers `GET /health` until the task is cancelled: 200 when the node is registered, else 503.
    ///
    /// - Parameters:
    ///   - address: where to listen; the folder of a socket is made.
    ///   - logger: one line when it listens.
    /// - Throws: ``DaemonError/cannotListen(address:reason:)``.
    func serve(at address: EngineAddress, logger: Logger) async throws {
        let (pipes, continuation) = AsyncStream<BytePipe>.makeStream(bufferingPolicy: .bufferingOldest(64))
        let channel = try await listen(at: address) { pipe in
            if case .dropped = continuation.yield(pipe) {
                pipe.close()
            }
        }
        defer { channel.close(promise: nil) }
        logger.info("answering health checks", metadata: ["address": "\(address)"])
        await withDiscardingTaskGroup { group in
            for await pipe in pipes {
                group.addTask { await self.answer(pipe) }
            }
        }
    }

    private func listen(
        at address: EngineAddress,
        _ accept: @escaping @Sendable (BytePipe) -> Void
    ) async throws -> any Channel {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { accept(try BytePipe.install(on: channel)) }
            }
        do {
            switch address {
            case .tcp(let host, let port):
                return try await bootstrap.bind(host: host, port: port).get()
            case .unix(let path):
                let folder = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
                if !folder.isEmpty {
                    try AtomicFile.makeFolder(String(folder), mode: 0o755)
                }
                return try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
            }
        } catch {
            throw DaemonError.cannotListen(address: "\(address)", reason: ErrorReport(error).message)
        }
    }

    private func answer(_ pipe: BytePipe) async {
        defer { pipe.close() }
        try? await withDeadline(.after(Self.callTime), operation: "answering a health check") {
            guard let head = try await HTTPMessageReader(pipe: pipe).requestHead() else {
                return
            }
            let problem = self.problem
            let isKnown = head.uri == "/health"
            let text = isKnown ? problem ?? "registered" : "page not found"
            let status = isKnown ? (problem == nil ? "200 OK" : "503 Service Unavailable") : "404 Not Found"
            let body = JSONObject([("message", JSON(text))]).json.text + "\n"
            let bytes = HTTPMessageWriter.head(
                firstLine: "HTTP/1.1 \(status)",
                headers: [
                    "Content-Type": "application/json", "Content-Length": "\(body.utf8.count)", "Connection": "close",
                ]
            )
            try await pipe.write(bytes, ByteBuffer(string: body))
        }
    }
}
