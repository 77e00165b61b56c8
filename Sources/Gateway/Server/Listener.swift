// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Logging
internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A socket that connections arrive on.
final class Listener: Sendable {
    /// How many connections may wait to be accepted.
    private static let backlog: Int32 = 1024

    let address: EngineAddress
    /// One pipe for each connection; with TLS before its handshake.
    let pipes: AsyncStream<BytePipe>
    private let channel: any Channel
    private let continuation: AsyncStream<BytePipe>.Continuation

    /// - Throws: ``DockerAPIError/cannotConnect(address:reason:)``.
    init(address: EngineAddress, tls: TLSContexts?, logger: Logger) async throws {
        let (pipes, continuation) = AsyncStream<BytePipe>.makeStream()
        self.pipes = pipes
        self.continuation = continuation
        let (isTCP, contexts): (Bool, TLSContexts?) =
            switch address {
            case .tcp: (true, tls)
            case .unix: (false, nil)
            }
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.recvAllocator, value: BytePipe.streamAllocator)
            .probingClients(isTCP)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let client = channel.remoteAddress?.ipAddress ?? ""
                    try contexts?.secureServer(
                        channel,
                        onRefusal: { reason in
                            logger.info("refused a client", metadata: ["address": "\(client)", "reason": "\(reason)"])
                        }
                    )
                    let pipe = try BytePipe.install(on: channel)
                    if isTCP {
                        pipe.breakWhenPeerIsGone(named: pipe.remoteHost)
                    }
                    continuation.yield(pipe)
                }
            }
        do {
            switch address {
            case .tcp(let host, let port):
                let channel = try await bootstrap.bind(host: host, port: port).get()
                self.channel = channel
                self.address = .tcp(host: host, port: channel.localAddress?.port ?? port)
            case .unix(let path):
                channel = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
                chmod(path, 0o660)
                self.address = address
            }
        } catch let error as IOError {
            throw DockerAPIError.cannotConnect(
                address: "\(address)",
                reason: String(cString: strerror(error.errnoCode))
            )
        }
    }

    /// Whether it is a socket in the file system.
    var isSocket: Bool {
        if case .unix = address {
            return true
        }
        return false
    }

    func close() {
        channel.close(promise: nil)
        continuation.finish()
    }
}

extension ServerBootstrap {
    /// For TCP: probes that find a client whose machine is gone within two minutes, so that its call is cancelled.
    fileprivate func probingClients(_ isTCP: Bool) -> ServerBootstrap {
        guard isTCP else {
            return self
        }
        let probing = childChannelOption(.socketOption(.so_keepalive), value: 1)
        #if os(Linux)
        // First probe after 60 s, then every 15 s, gone after 4.
        return probing.childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: 60)
            .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: 15)
            .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: 4)
        #else
        return probing
        #endif
    }
}
