// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import HTTPTransfer
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PKI

/// A proxy for HTTPS that answers itself, as every host that it is asked for.
///
/// Programs reach their providers under the providers' own names through it: with `https_proxy` and
/// `SSL_CERT_FILE` in their environment, and nothing else changed.
final class ProviderProxy: Sendable {
    /// The authority of the certificates that it shows, in PEM.
    let authority: [UInt8]
    private let channel: any Channel

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - hosts: the names that it may answer as.
    ///   - answer: what is answered; the URL is the one that was asked for.
    /// - Throws: when no port is free.
    init(hosts: [String], answer: @escaping @Sendable (HTTPRequest) async -> HTTPResponse) async throws {
        let authority = try CertificateAuthority.generate(cluster: "providers", key: .generate())
        let key = try PrivateKey.generate()
        let profile = NodeProfile(node: "provider", cluster: "providers", addresses: [], dnsNames: hosts)
        let certificate = try authority.issue(profile, for: CertificateRequest(commonName: "provider", key: key))
        let tls = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: [.certificate(NIOSSLCertificate(bytes: certificate.pem, format: .pem))],
                privateKey: .privateKey(NIOSSLPrivateKey(bytes: key.pem, format: .pem))
            )
        )
        self.authority = authority.certificate.pem
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ConnectHandler(tls: tls, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    deinit {
        channel.close(promise: nil)
    }

    /// As the environment names it.
    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }
}

/// Takes `CONNECT HOST:PORT`, and makes the connection one to that host.
private final class ConnectHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The longest request, in bytes.
    private static let limit = 16 << 10

    private let tls: NIOSSLContext
    private let answer: @Sendable (HTTPRequest) async -> HTTPResponse
    private var received = ByteBuffer()

    init(tls: NIOSSLContext, answer: @escaping @Sendable (HTTPRequest) async -> HTTPResponse) {
        self.tls = tls
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var piece = unwrapInboundIn(data)
        received.writeBuffer(&piece)
        let text = String(buffer: received)
        guard text.contains("\r\n\r\n") else {
            if received.readableBytes > Self.limit {
                context.close(promise: nil)
            }
            return
        }
        let words = text.prefix { !$0.isNewline }.split(separator: " ")
        guard words.count == 3, words[0] == "CONNECT" else {
            context.close(promise: nil)
            return
        }
        let granted = ByteBuffer(string: "HTTP/1.1 200 Connection established\r\n\r\n")
        context.writeAndFlush(wrapOutboundOut(granted), promise: nil)
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(NIOSSLServerHandler(context: tls))
            try pipeline.configureHTTPServerPipeline()
            let host = words[1].prefix { $0 != ":" }
            try pipeline.addHandler(ProviderHandler(host: String(host), answer: answer))
            pipeline.removeHandler(context: context, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }
}

/// Gathers each request, and writes its answer.
private final class ProviderHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let host: String
    private let answer: @Sendable (HTTPRequest) async -> HTTPResponse
    private var request = HTTPRequest("GET", "")
    private var body: [UInt8] = []

    init(host: String, answer: @escaping @Sendable (HTTPRequest) async -> HTTPResponse) {
        self.host = host
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = HTTPRequest(head.method.rawValue, "https://\(host)\(head.uri)")
            request.headers = head.headers.map { HTTPHeader($0.name, $0.value) }
            body = []
        case .body(let bytes):
            body += bytes.readableBytesView
        case .end:
            request.body = body.isEmpty ? HTTPBody.none : .bytes(body)
            let channel = context.channel
            // Ends with the answer, which is made in memory.
            Task { [request, answer] in
                let response = await answer(request)
                var headers = HTTPHeaders(response.head.headers.map { ($0.name, $0.value) })
                if response.status != 204 {
                    headers.replaceOrAdd(name: "Content-Length", value: "\(response.body.count)")
                }
                let status = HTTPResponseStatus(statusCode: response.status)
                let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
                channel.write(HTTPServerResponsePart.head(head), promise: nil)
                channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: response.body))), promise: nil)
                channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A client that ends without a word closes its connection so.
        context.close(promise: nil)
    }
}
