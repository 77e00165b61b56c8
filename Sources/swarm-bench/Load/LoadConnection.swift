// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOCore
internal import NIOHTTP1

/// A request to send as it is.
struct LoadRequest: Sendable {
    /// Figures are kept apart by it.
    let kind: Int
    let method: HTTPMethod
    let bytes: ByteBuffer

    /// - Parameters:
    ///   - kind: see ``kind``.
    ///   - method: of the request.
    ///   - target: path and query.
    ///   - body: JSON.
    init(kind: Int = 0, _ method: HTTPMethod, _ target: String, body: String = "") {
        self.kind = kind
        self.method = method
        let type = body.isEmpty ? "" : "Content-Type: application/json\r\n"
        bytes = ByteBuffer(
            string: "\(method.rawValue) \(target) HTTP/1.1\r\nHost: docker\r\nUser-Agent: swarm-bench\r\n\(type)"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
    }
}

/// One answer.
struct LoadSample: Sendable {
    let kind: Int
    /// 0 when there was no answer.
    let status: Int
    let seconds: Double
    /// Of the body.
    let bytes: Int
}

/// Sends one request after the other on a connection, each when the answer before it is complete.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let next: () -> LoadRequest?
    private let record: (LoadSample) -> Void
    /// The request under way, since when, and what came of its answer.
    private var request: LoadRequest?
    private var start = NIODeadline.now()
    private var header: [UInt8] = []
    private var status = 0
    private var received = 0
    private var body: HTTPBodyDecoder?

    /// - Parameters:
    ///   - next: the request to send; `nil` closes the connection.
    ///   - record: called for each request.
    init(next: @escaping () -> LoadRequest?, record: @escaping (LoadSample) -> Void) {
        self.next = next
        self.record = record
    }

    func channelActive(context: ChannelHandlerContext) {
        sendNext(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        do {
            while bytes.readableBytes > 0, try take(&bytes) {
                finish()
                sendNext(context)
            }
        } catch {
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let request = request.take() {
            record(LoadSample(kind: request.kind, status: 0, seconds: elapsed, bytes: received))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Takes bytes of the answer; returns whether it is complete.
    private func take(_ bytes: inout ByteBuffer) throws -> Bool {
        if body == nil {
            header += bytes.readBytes(length: bytes.readableBytes) ?? []
            guard let end = Self.endOfHeader(header) else {
                return false
            }
            let head = try HTTPHead.response(Array(header[..<end]))
            status = Int(head.status.code)
            body = try HTTPBodyDecoder(responseTo: request?.method ?? .GET, status: status, headers: head.headers)
            bytes = ByteBuffer(bytes: header[end...])
            header = []
        }
        while bytes.readableBytes > 0, body?.isComplete == false, let piece = try body?.decode(&bytes) {
            received += piece.readableBytes
        }
        return body?.isComplete ?? false
    }

    private static func endOfHeader(_ bytes: [UInt8]) -> Int? {
        var index = 3
        while index < bytes.count {
            if bytes[index] == 0x0A, bytes[index - 1] == 0x0D, bytes[index - 2] == 0x0A, bytes[index - 3] == 0x0D {
                return index + 1
            }
            index += 1
        }
        return nil
    }

    private func finish() {
        if let request = request.take() {
            record(LoadSample(kind: request.kind, status: status, seconds: elapsed, bytes: received))
        }
        body = nil
        received = 0
        status = 0
    }

    private func sendNext(_ context: ChannelHandlerContext) {
        guard let next = next() else {
            return context.close(promise: nil)
        }
        request = next
        start = .now()
        context.writeAndFlush(wrapOutboundOut(next.bytes), promise: nil)
    }

    private var elapsed: Double { Double((NIODeadline.now() - start).nanoseconds) / 1e9 }
}
