// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Thousands of engines behind one listening socket: each has a loopback address of its own.
final class EngineSimulator: Sendable {
    let engines: [SimulatedEngine]
    let port: Int
    private let listener: any Channel
    private let group: MultiThreadedEventLoopGroup

    /// Starts the engines.
    ///
    /// - Parameters:
    ///   - engines: numbered from 0.
    ///   - tls: settings of the server; `nil` for none.
    /// - Throws: when the port cannot be had.
    init(_ engines: [SimulatedEngine], tls: TLSContexts? = nil) async throws {
        self.engines = engines
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let engine = Self.engine(of: channel.localAddress, in: engines) else {
                        throw ChannelError.eof
                    }
                    try tls?.secureServer(channel)
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
                    )
                    try pipeline.addHandler(EngineConnection(engine))
                }
            }
            .bind(host: "0.0.0.0", port: 0).get()
        port = listener.localAddress?.port ?? 0
    }

    /// `HOST:PORT` of each engine.
    var addresses: [String] { engines.map { "\(Self.host($0.number)):\(port)" } }

    /// Closes everything; errors of closing are nobody's business.
    func stop() async {
        try? await listener.close()
        for engine in engines {
            engine.setFault(.cut)
        }
        try? await group.shutdownGracefully()
    }

    /// Where requests straight to an engine go.
    func address(of engine: SimulatedEngine) throws -> SocketAddress {
        try SocketAddress(ipAddress: Self.host(engine.number), port: port)
    }

    private static func host(_ number: Int) -> String {
        let number = number + 1
        return "127.\(64 + (number >> 16)).\(number >> 8 & 255).\(number & 255)"
    }

    private static func engine(of address: SocketAddress?, in engines: [SimulatedEngine]) -> SimulatedEngine? {
        let parts = (address?.ipAddress ?? "").split(separator: ".").compactMap { Int($0) }
        guard parts.count == 4 else {
            return nil
        }
        // An engine alone is also what 127.0.0.1 is: certificates are made for that.
        let number = parts[1] < 64 ? 0 : ((parts[1] - 64) << 16 | parts[2] << 8 | parts[3]) - 1
        return engines.indices.contains(number) ? engines[number] : nil
    }
}
