// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import SwarmCore
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#endif

/// Makes connections to one server.
struct Dialer: Sendable {
    let address: EngineAddress
    let tls: TLSContexts?
    let group: any EventLoopGroup
    var expectation = PeerExpectation.address
    /// Gets who the server is, after each handshake in which that was verified.
    var onPeer: @Sendable (EnginePeer) -> Void = { _ in }

    /// Connects, and with TLS completes the handshake.
    ///
    /// - Parameters:
    ///   - deadline: for all of it.
    ///   - onThisThread: whether the connection is served by the event loop that this runs on, if it is one, and
    ///     made for short answers.
    /// - Returns: the connection, ready for the first byte.
    /// - Throws: ``DockerAPIError/cannotConnect(address:reason:)``,
    ///   ``DockerAPIError/handshakeFailed(address:reason:)``, ``DeadlineExceeded``.
    func dial(until deadline: Deadline, onThisThread: Bool = false) async throws -> BytePipe {
        let context = try expectation == .address ? tls?.client() : tls?.nameless()
        let name = serverName
        let refusal = Refusal()
        let timeLimit = deadline.remainingMilliseconds
        let loop = onThisThread ? MultiThreadedEventLoopGroup.currentEventLoop : nil
        let bootstrap = ClientBootstrap(group: loop ?? group)
            .connectTimeout(.milliseconds(Int64(max(1, timeLimit))))
            .configured(isTCP: isTCP)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        let verifier = PeerVerifier { reason in refusal.note(reason) }
                        let handler =
                            tls?.files.verifiesPeer == true
                            ? try verifier.handler(context, serverName: name)
                            : try NIOSSLClientHandler(context: context, serverHostname: name)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                }
            }
        let pipe = try await connect(onThisThread ? bootstrap.readingLittle() : bootstrap, timeLimit: timeLimit)
        if isTCP {
            pipe.breakWhenPeerIsGone(named: "\(address)")
        }
        guard let tls else {
            return pipe
        }
        return try await finishHandshake(pipe, tls, refusal, until: deadline)
    }

    private func connect(_ bootstrap: ClientBootstrap, timeLimit: Int) async throws -> BytePipe {
        let setUp = { @Sendable (channel: any Channel) in
            channel.eventLoop.makeCompletedFuture { try BytePipe.install(on: channel) }
        }
        do {
            return switch address {
            case .tcp(let host, let port):
                try await connect(bootstrap, host: host, port: port, setUp)
            case .unix(let path):
                try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: setUp)
            }
        } catch let error as DockerAPIError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw DockerAPIError.cannotConnect(address: "\(address)", reason: Self.reason(error, timeLimit: timeLimit))
        }
    }

    /// Connects by name; `localhost` works without a hosts file too (RFC 6761), as in an empty container.
    private func connect(
        _ bootstrap: ClientBootstrap,
        host: String,
        port: Int,
        _ setUp: @escaping @Sendable (any Channel) -> EventLoopFuture<BytePipe>
    ) async throws -> BytePipe {
        do {
            return try await bootstrap.connect(host: host, port: port, channelInitializer: setUp)
        } catch let error as NIOConnectionError where error.connectionErrors.isEmpty && host == "localhost" {
            return try await bootstrap.connect(host: "127.0.0.1", port: port, channelInitializer: setUp)
        }
    }

    /// Waits for the end of the handshake: what is written before it is sent only after it.
    private func finishHandshake(
        _ pipe: BytePipe,
        _ tls: TLSContexts,
        _ refusal: Refusal,
        until deadline: Deadline
    ) async throws -> BytePipe {
        let timer = pipe.scheduleClose(
            at: deadline.nio,
            DeadlineExceeded(operation: "TLS handshake with \"\(address)\"")
        )
        defer { timer.cancel() }
        do {
            try await pipe.handshake()
            try await verifyName(of: pipe, tls)
            return pipe
        } catch {
            pipe.close(error)
            switch error {
            case DockerAPIError.connectionLost(_, let reason), DockerAPIError.handshakeFailed(_, let reason):
                let reason = refusal.reason.map { "\($0): renew it with `swarmctl rotate certs`" } ?? reason
                throw DockerAPIError.handshakeFailed(address: "\(address)", reason: tls.ownProblem ?? reason)
            default:
                throw error
            }
        }
    }

    /// Compares the server's certificate with what is expected, where TLS has not done so.
    private func verifyName(of pipe: BytePipe, _ tls: TLSContexts) async throws {
        guard expectation != .address, tls.files.verifiesPeer else {
            return
        }
        let host = address.host
        guard let certificate = try await pipe.channel.nioSSL_peerCertificate().get() else {
            throw DockerAPIError.handshakeFailed(address: "\(address)", reason: "it has shown no certificate")
        }
        guard let peer = EnginePeer(certificate, at: host, expecting: expectation, own: tls.organizations) else {
            let name = PeerCertificate(certificate).commonNames.first ?? "nobody"
            throw DockerAPIError.handshakeFailed(
                address: "\(address)",
                reason: "the certificate of \"\(name)\" is neither for \"\(host)\" nor one of this cluster's nodes"
            )
        }
        onPeer(peer)
    }

    /// Why a certificate was refused within a handshake.
    private final class Refusal: Sendable {
        private let text = Mutex<String?>(nil)

        var reason: String? { text.withLock { $0 } }

        func note(_ reason: String) { text.withLock { $0 = $0 ?? reason } }
    }

    /// The name the certificate must have; `nil` for an IP address, which NIOSSL verifies by itself.
    private var serverName: String? {
        guard case .tcp(let host, _) = address, (try? SocketAddress(ipAddress: host, port: 0)) == nil else {
            return nil
        }
        return host
    }

    private var isTCP: Bool {
        if case .tcp = address {
            return true
        }
        return false
    }

    private static func reason(_ error: any Error, timeLimit: Int) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { reason($0.error, timeLimit: timeLimit) } ?? "the host name is not known"
        case ChannelError.connectTimeout:
            "no answer within \(max(1, timeLimit / 1000)) s"
        case let error as IOError:
            error.localizedReason
        default:
            "\(error)"
        }
    }
}

extension BytePipe {
    /// Reads as much at a time as streams need, on a connection that was made for short answers.
    func readMuch() {
        channel.setOption(.recvAllocator, value: Self.streamAllocator).whenComplete { _ in }
    }
}

extension ClientBootstrap {
    /// Keeps no more than a few KiB for reading: the process's own group keeps as much as was read at once for ever.
    fileprivate func readingLittle() -> ClientBootstrap {
        channelOption(.maxMessagesPerRead, value: 1).channelOption(
            .recvAllocator,
            value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 1024, maximum: 8192)
        )
    }

    /// Half-close and reads on demand; for TCP, keep-alive probes that find a dead peer in 25 s.
    fileprivate func configured(isTCP: Bool) -> ClientBootstrap {
        let common = channelOption(.allowRemoteHalfClosure, value: true).channelOption(.autoRead, value: false)
            .channelOption(.recvAllocator, value: BytePipe.streamAllocator)
        guard isTCP else {
            return common
        }
        let probed = common.channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
        #if os(Linux)
        // First probe after 10 s, then every 5 s, dead after 3; with bytes that wait, see ``PeerSigns``.
        return probed.channelOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: 10)
            .channelOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: 5)
            .channelOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: 3)
        #else
        return probed
        #endif
    }
}
