// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import DockerAPI
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A manager's server, reduced to the calls of discovery.
final class DiscoveryServer: Sendable {
    private let server = Mutex<(any Channel)?>(nil)
    private let connections = Mutex<[any Channel]>([])
    private let boundPort = Mutex(0)

    var port: Int { boundPort.withLock { $0 } }

    func start(_ api: EmbeddedAPI) async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                self.connections.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(DiscoveryHandler(api: api))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        boundPort.withLock { $0 = channel.localAddress?.port ?? 0 }
        server.withLock { $0 = channel }
    }

    func stop() async throws {
        let listener = server.withLock { server in
            defer { server = nil }
            return server
        }
        try await listener?.close()
        for channel in connections.withLock({ $0 }) {
            channel.close(promise: nil)
        }
    }

    func store(cluster: String = "lab") -> RemoteEmbeddedStore {
        let client = HTTPClient(address: .tcp(host: "127.0.0.1", port: port))
        return RemoteEmbeddedStore(clients: [client], cluster: cluster, url: "swarm://127.0.0.1:\(port)/\(cluster)")
    }
}

private final class DiscoveryHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let api: EmbeddedAPI

    init(api: EmbeddedAPI) {
        self.api = api
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else {
            return
        }
        let channel = context.channel
        // Ends with the answer, which is bounded by the wait in the request.
        Task {
            let reply =
                await self.api.reply(to: MemberCall(method: head.method.rawValue, target: head.uri))
                ?? HTTPReply(status: 404, headers: [:], body: [])
            var headers = reply.headers
            if reply.status != 204 {
                headers.add(name: "Content-Length", value: "\(reply.body.count)")
            }
            let answer = HTTPResponseHead(
                version: .http1_1,
                status: HTTPResponseStatus(statusCode: reply.status),
                headers: headers
            )
            channel.write(HTTPServerResponsePart.head(answer), promise: nil)
            channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: reply.body))), promise: nil)
            channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
        }
    }
}
