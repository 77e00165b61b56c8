// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOCore
internal import NIOHTTP1

/// Answers the requests of one connection to a simulated engine, on its event loop.
final class EngineConnection: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let engine: SimulatedEngine
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ engine: SimulatedEngine) {
        self.engine = engine
    }

    func channelActive(context: ChannelHandlerContext) {
        engine.opened(context.channel)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var bytes):
            // Only what is read again is kept: the body of a create.
            if head?.uri.contains("/containers/create") == true {
                body.writeBuffer(&bytes)
            }
        case .end:
            if let head = head.take() {
                answer(head, context)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        switch engine.fault {
        case .frozen: return
        case .garbage: return write(ByteBuffer(string: "this is no engine\r\n\r\n"), context)
        case .cut: return context.close(promise: nil)
        case .slow(let delay):
            let bound = NIOLoopBound((self, context, body), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: delay) {
                let (connection, context, body) = bound.value
                if context.channel.isActive {
                    connection.reply(to: head, body, context)
                }
            }
        case .none: reply(to: head, body, context)
        }
    }

    private func reply(to head: HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        let call = EngineCall(head, body: body)
        switch call.answer(of: engine) {
        case .json(let status, let bytes): write(Self.message(status, bytes), context)
        case .events:
            let start = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            write(ByteBuffer(string: start), context)
            engine.listen(context.channel)
        case .text(let text): ChunkSource(text: text).send(on: context.channel)
        case .archive(let size): ArchiveSource(size: size).send(on: context.channel)
        case .raw: becomeRaw(context)
        }
    }

    private static func message(_ status: Int, _ bytes: ByteBuffer) -> ByteBuffer {
        var message = ByteBuffer()
        message.reserveCapacity(bytes.readableBytes + 160)
        message.writeString("HTTP/1.1 \(status) OK\r\nApi-Version: 1.41\r\nServer: Docker/20.10.24 (linux)\r\n")
        if status == 204 || status == 304 {
            message.writeString("\r\n")
        } else {
            message.writeString("Content-Type: application/json\r\nContent-Length: \(bytes.readableBytes)\r\n\r\n")
            message.writeImmutableBuffer(bytes)
        }
        return message
    }

    /// Gives back what comes, as a shell that repeats.
    private func becomeRaw(_ context: ChannelHandlerContext) {
        let start =
            "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
            + "Content-Type: application/vnd.docker.raw-stream\r\n\r\n"
        write(ByteBuffer(string: start), context)
        let pipeline = context.pipeline.syncOperations
        try? pipeline.addHandler(EchoHandler(), position: .last)
        let decoder = try? pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
        pipeline.removeHandler(context: context, promise: nil)
        if let decoder {
            pipeline.removeHandler(decoder, promise: nil)
        }
    }

    private func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }
}

/// Sends back what comes.
private final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(data, promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// A request, and what an engine answers to it.
private struct EngineCall {
    enum Answer {
        case json(Int, ByteBuffer)
        case events
        case text(ByteBuffer)
        /// A stream of that many bytes.
        case archive(Int)
        case raw
    }

    private let method: HTTPMethod
    private let segments: [Substring]
    private let query: Substring
    private let body: ByteBuffer

    init(_ head: HTTPRequestHead, body: ByteBuffer) {
        method = head.method
        self.body = body
        let parts = head.uri.split(separator: "?", maxSplits: 1)
        query = parts.count > 1 ? parts[1] : ""
        let path = (parts.first ?? "").split(separator: "/")
        let isVersioned = path.first.map { $0.hasPrefix("v1") } ?? false
        segments = isVersioned ? Array(path.dropFirst()) : path
    }

    func answer(of engine: SimulatedEngine) -> Answer {
        switch (method, segments.first, segments.count) {
        case (_, "_ping", 1): .json(200, ByteBuffer(string: "OK"))
        case (.GET, "version", 1): .json(200, document(EngineDocuments.version))
        case (.GET, "info", 1): .json(200, engine.info())
        case (.GET, "events", 1): .events
        case (.GET, "images", 2): .json(200, engine.images())
        case (.GET, "networks", 1): .json(200, engine.networks())
        case (.GET, "volumes", 1): .json(200, engine.volumes())
        case (_, "containers", 2...): containerAnswer(of: engine)
        case (.POST, "exec", 3): .raw
        case (.GET, "text", 1): .text(engine.text)
        default: Self.notFound("page not found")
        }
    }

    private func containerAnswer(of engine: SimulatedEngine) -> Answer {
        let name = String(segments[1])
        switch (method, name, segments.count > 2 ? segments[2] : "") {
        case (.GET, "json", ""): return .json(200, engine.list(ids: wantedIDs))
        case (.POST, "create", ""): return create(on: engine)
        case (.GET, _, "json"):
            guard let container = engine.container(name) else {
                return Self.notFound("No such container: \(name)")
            }
            var buffer = ByteBuffer()
            buffer.reserveCapacity(8192)
            EngineDocuments.inspection.write(container.values, to: &buffer)
            return .json(200, buffer)
        case (.GET, _, "archive"): return .archive(Int(value("size") ?? "") ?? 1 << 30)
        case (.PUT, _, "archive"): return .json(200, ByteBuffer())
        case (.POST, _, "attach"): return .raw
        case (.POST, _, "exec"):
            return .json(201, ByteBuffer(string: #"{"Id":"\#(SimulatedEngine.id(engine.number, 1, salt: 3))"}"#))
        case (.POST, _, "start"): return Self.changed(engine.change(name, to: "running", action: "start"), name)
        case (.POST, _, "stop"): return Self.changed(engine.change(name, to: "exited", action: "die"), name)
        case (.DELETE, _, ""): return Self.changed(engine.remove(name), name)
        default: return Self.notFound("page not found")
        }
    }

    private func create(on engine: SimulatedEngine) -> Answer {
        let json = try? JSON(parsing: Array(body.readableBytesView))
        guard let made = engine.create(name: value("name") ?? "", body: json) else {
            return .json(409, ByteBuffer(string: #"{"message":"Conflict. The container name is already in use"}"#))
        }
        return .json(201, ByteBuffer(string: #"{"Id":"\#(made.id)","Warnings":[]}"#))
    }

    private static func changed(_ isThere: Bool, _ name: String) -> Answer {
        isThere ? .json(204, ByteBuffer()) : notFound("No such container: \(name)")
    }

    private static func notFound(_ message: String) -> Answer {
        .json(404, ByteBuffer(string: #"{"message":"\#(message)"}"#))
    }

    private func document(_ template: DocumentTemplate) -> ByteBuffer {
        var buffer = ByteBuffer()
        template.write([], to: &buffer)
        return buffer
    }

    /// The ids in `filters={"id":[…]}`; `nil` without.
    private var wantedIDs: [String]? {
        value("filters").flatMap { try? JSON(parsing: $0) }?["id"]?.strings
    }

    private func value(_ name: String) -> String? {
        for pair in query.split(separator: "&") where pair.hasPrefix("\(name)=") {
            return PercentEncoding.decode(String(pair.dropFirst(name.utf8.count + 1)))
        }
        return nil
    }
}
