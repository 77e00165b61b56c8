// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import NIOCore
import NIOPosix

/// A server on a socket of its own whose connections are handled by a closure.
final class StubServer: Sendable {
    let address: EngineAddress
    private let channel: any Channel
    private let tasks: Task<Void, Never>

    /// - Parameters:
    ///   - tls: what the server shows; `nil` serves without TLS.
    ///   - serve: handles one connection, given its number from 0 on.
    /// - Throws: when no port is free.
    init(tls: TLSContexts? = nil, _ serve: @escaping @Sendable (BytePipe, Int) async throws -> Void) async throws {
        let (pipes, continuation) = AsyncStream<BytePipe>.makeStream()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try tls?.secureServer(channel)
                    continuation.yield(try BytePipe.install(on: channel))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        address = .tcp(host: "127.0.0.1", port: channel.localAddress?.port ?? 0)
        tasks = Task {
            await withTaskGroup(of: Void.self) { group in
                var number = 0
                for await pipe in pipes {
                    let connection = number
                    number += 1
                    group.addTask {
                        try? await serve(pipe, connection)
                        pipe.close()
                    }
                }
            }
        }
    }

    deinit {
        tasks.cancel()
        channel.close(promise: nil)
    }
}

/// Bytes made up as they are read, to find out how far a reader has come.
final class EndlessSource: ByteSource {
    func read() async throws -> ByteBuffer? {
        ByteBuffer(repeating: 7, count: 64 << 10)
    }
}
