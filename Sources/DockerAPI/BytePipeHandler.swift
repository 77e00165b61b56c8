// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOCore
internal import NIOSSL
internal import NIOTLS

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Moves bytes and ends between a channel and its ``BytePipe``.
final class BytePipeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let pipe: BytePipe

    init(pipe: BytePipe) {
        self.pipe = pipe
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive {
            context.read()
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        context.read()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if bytes.readableBytes > 0 {
            pipe.receive(bytes)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if pipe.mayReadMore() {
            context.read()
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            pipe.end()
        }
        if let event = event as? TLSUserEvent, case .handshakeCompleted = event {
            pipe.secure()
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// A connection that broke is of no more use in either direction.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        pipe.fail(Self.describe(error, context: context), dropsInput: false)
        context.close(mode: .all, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let error = DockerAPIError.connectionLost(address: Self.address(context), reason: "closed by the peer")
        pipe.finish(orFail: error)
        context.fireChannelInactive()
    }

    private static func address(_ context: ChannelHandlerContext) -> String {
        guard let address = context.remoteAddress else {
            return "peer"
        }
        return address.ipAddress.map { "\($0):\(address.port ?? 0)" } ?? address.pathname ?? "peer"
    }

    private static func describe(_ error: any Error, context: ChannelHandlerContext) -> any Error {
        switch error {
        case NIOSSLError.uncleanShutdown:
            DockerAPIError.connectionLost(address: address(context), reason: "closed without TLS shutdown")
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            DockerAPIError.handshakeFailed(address: address(context), reason: "\(error)")
        case let error as IOError:
            DockerAPIError.connectionLost(address: address(context), reason: error.localizedReason)
        default:
            error
        }
    }
}

extension IOError {
    /// The system's words for the error, without NIO's around it.
    var localizedReason: String {
        String(cString: strerror(errnoCode))
    }
}
