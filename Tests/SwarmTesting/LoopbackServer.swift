// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// An HTTP server on a loopback port, for tests: it can be killed, and started again on the same port.
package final class LoopbackServer: Sendable {
    private struct State {
        var port = 0
        var listener: (any Channel)?
        var connections: [ObjectIdentifier: any Channel] = [:]
    }

    private let state = Mutex(State())
    /// The address that it listens at.
    package let host: String

    /// Makes a server that does not listen yet.
    package init() {
        #if os(Linux)
        // An address that is this server's alone, so that nobody takes its port between a kill and a start.
        host = "127.\(Int.random(in: 1...254)).\(Int.random(in: 0...254)).\(Int.random(in: 1...254))"
        #else
        host = "127.0.0.1"
        #endif
    }

    /// The port; 0 before the first start.
    package var port: Int { state.withLock { $0.port } }

    /// `HOST:PORT`, of the loopback network.
    package var address: String { "\(host):\(port)" }

    /// Listens, on the same port as before when it was started before.
    ///
    /// - Parameter makeHandler: makes the handler of one connection's requests, `HTTPServerRequestPart`s.
    /// - Throws: when the port is taken.
    package func start(_ makeHandler: @escaping @Sendable () -> any ChannelHandler & Sendable) async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                self.keep(channel)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(makeHandler())
                }
            }
            .bind(host: host, port: port).get()
        state.withLock { state in
            state.port = channel.localAddress?.port ?? 0
            state.listener = channel
        }
    }

    /// Closes the listener and all connections, as when the server is killed.
    ///
    /// - Throws: when the system cannot close the listener.
    package func kill() async throws {
        try await state.withLock { $0.listener.take() }?.close()
        cutConnections()
    }

    /// Closes all connections; new ones are accepted.
    package func cutConnections() {
        for channel in state.withLock({ Array($0.connections.values) }) {
            channel.close(promise: nil)
        }
    }

    private func keep(_ channel: any Channel) {
        let key = ObjectIdentifier(channel)
        state.withLock { $0.connections[key] = channel }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { $0.connections[key] = nil }
        }
    }
}
