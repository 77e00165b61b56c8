// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
package import Logging
internal import NIOCore
internal import NIOPosix
internal import SwarmCore

/// Takes TLS off the connections to one engine.
///
/// Certificates, authorities and revocations are read again when they change, and no connection is dropped for that.
/// Those who may do everything on an engine get through: nodes of the cluster, and people with the role `admin`; what
/// others may do only a manager can tell, and they are answered 403.
package struct EngineFront: Sendable {
    /// The longest wait for the engine's socket, for a client's handshake, and for one that is refused to go.
    private static let connectTime = Duration.seconds(10)

    private let address: EngineAddress
    private let engine: EngineAddress
    private let tls: TLSContexts
    private let logger: Logger

    private struct Pair: Sendable {
        let client: BytePipe
        let engine: BytePipe
    }

    /// - Parameters:
    ///   - address: where to listen.
    ///   - engine: the engine's own socket.
    ///   - tls: must verify clients.
    ///   - logger: one line for each client that is refused.
    package init(address: EngineAddress, engine: EngineAddress, tls: TLSContexts, logger: Logger) {
        self.address = address
        self.engine = engine
        self.tls = tls
        self.logger = logger
    }

    /// Listens and serves until the task is cancelled.
    ///
    /// - Parameter onListening: called with the address; a port 0 is then the one that the system chose.
    /// - Throws: ``DockerAPIError/cannotConnect(address:reason:)`` when the address cannot be used.
    package func run(onListening: @Sendable (EngineAddress) -> Void = { _ in }) async throws {
        guard case .tcp(let host, let port) = address else {
            throw DockerAPIError.malformedAddress("\(address)")
        }
        let (pairs, continuation) = AsyncStream<Pair>.makeStream()
        let channel = try await listen(host: host, port: port, continuation)
        defer {
            channel.close(promise: nil)
            continuation.finish()
        }
        onListening(.tcp(host: host, port: channel.localAddress?.port ?? port))
        logger.info("listening", metadata: ["address": "\(address)", "engine": "\(engine)"])
        await withDiscardingTaskGroup { group in
            for await pair in pairs {
                group.addTask { await serve(pair) }
            }
            group.cancelAll()
        }
    }

    private func listen(
        host: String,
        port: Int,
        _ pairs: AsyncStream<Pair>.Continuation
    ) async throws -> any Channel {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelInitializer { channel in
                // The engine first: while it is down a client must see that nothing was taken from it.
                channel.eventLoop.makeFutureWithTask {
                    try await BytePipe.connect(to: engine, tls: nil, deadline: .after(Self.connectTime))
                }.flatMapThrowing { engine in
                    pairs.yield(Pair(client: try install(on: channel), engine: engine))
                }
            }
        do {
            return try await bootstrap.bind(host: host, port: port).get()
        } catch let error as IOError {
            throw DockerAPIError.cannotConnect(address: "\(address)", reason: "\(error)")
        }
    }

    private func install(on channel: any Channel) throws -> BytePipe {
        let client = channel.remoteAddress?.ipAddress ?? ""
        try tls.secureServer(channel) { reason in
            logger.info("refused a client", metadata: ["address": "\(client)", "reason": "\(reason)"])
        }
        return try BytePipe.install(on: channel)
    }

    private func serve(_ pair: Pair) async {
        defer {
            pair.client.close()
            pair.engine.close()
        }
        let slow = pair.client.scheduleClose(at: Deadline.after(Self.connectTime).nio, GatewayError.requestTimeout)
        defer { slow.cancel() }
        guard (try? await pair.client.handshake()) != nil else {
            return
        }
        let caller = Caller(
            await pair.client.peer(),
            address: pair.client.remoteHost,
            isSocket: false,
            mustShowCertificate: true
        )
        guard caller.maySpeakForOthers else {
            pair.engine.close()
            return await refuse(pair.client, caller)
        }
        slow.cancel()
        // Whichever side breaks, the other is told by the end of its connection.
        try? await PipeRelay.run(client: pair.client, engine: pair.engine)
    }

    /// Answers whatever is asked, without a look at it.
    private func refuse(_ client: BytePipe, _ caller: Caller) async {
        let reason = "\(caller.description) may use the cluster's manager, not its engines"
        logger.info("refused a client", metadata: ["address": "\(caller.address)", "reason": "\(reason)"])
        let body = (["message": JSON(reason)] as JSON).text
        let answer =
            "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nConnection: close\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        do {
            try await client.write(ByteBuffer(string: answer))
            try await client.closeOutput()
            // A connection that is closed with bytes unread takes the answer away from a client that still sends.
            while try await client.read() != nil {}
        } catch {
            logger.debug("a refused client went away", metadata: ["error": "\(error)"])
        }
    }
}
