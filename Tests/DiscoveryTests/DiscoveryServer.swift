// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import DockerAPI
import NIOCore
import NIOHTTP1
import SwarmTesting

/// A manager's server, reduced to the calls of discovery.
final class DiscoveryServer: Sendable {
    private let server = LoopbackServer()
    private let api: EmbeddedAPI

    init(_ api: EmbeddedAPI) {
        self.api = api
    }

    func start() async throws { try await server.start { [api] in DiscoveryHandler(api: api) } }

    func stop() async throws { try await server.kill() }

    func store(cluster: String = "lab") -> RemoteEmbeddedStore {
        let client = HTTPClient(address: .tcp(host: server.host, port: server.port))
        return RemoteEmbeddedStore(clients: [client], cluster: cluster, url: "swarm://\(server.address)/\(cluster)")
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
