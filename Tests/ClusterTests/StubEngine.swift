// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import NIOCore
import NIOHTTP1
import SwarmTesting
import Synchronization

/// An engine in this process: a real HTTP server on a loopback port, with the state of a Docker engine.
final class StubEngine: Sendable {
    struct Container: Sendable {
        var id: String
        var name: String
        var state = "running"
        var hostConfig = #"{"NetworkMode":"default"}"#
        var labels: [String: String] = [:]
        /// As engines write times; empty for never.
        var started = ""
        /// Further names in lists.
        var links: [String] = []
        /// In lists.
        var command = "sleep '1 h'"
    }

    struct State: Sendable {
        var name: String
        var id: String
        var containers: [Container] = []
        var images: [String] = []
        var labels: [String] = []
        var apiVersion = "1.41"
        /// Requests whose path contains one of these are never answered.
        var hanging: Set<String> = []
        /// When set, every answer is this text.
        var garbage: String?
        var log: [JSON] = []
        var listeners: [ObjectIdentifier: any Channel] = [:]
        var requests: [String] = []
        var clock: Int64 = 1_700_000_000_000_000_000
    }

    let state: Mutex<State>
    private let server = LoopbackServer()

    init(name: String, id: String? = nil) {
        state = Mutex(State(name: name, id: id ?? "ID-\(name)"))
    }

    var address: String { server.address }

    /// Listens, on the same port as before when it was started before.
    func start() async throws { try await server.start { StubHandler(engine: self) } }

    /// Closes the listener and all connections, as when the engine is killed.
    func kill() async throws { try await server.kill() }

    /// Closes all connections; new ones are accepted.
    func cutConnections() { server.cutConnections() }

    func update(_ change: (inout State) -> Void) {
        state.withLock { change(&$0) }
    }

    /// Adds a container and sends its event.
    func add(_ container: Container, sendingEvent: Bool = true) {
        update { $0.containers.append(container) }
        if sendingEvent {
            emit("container", "create", container.id)
        }
    }

    /// Removes a container and sends its event.
    func remove(_ id: String, sendingEvent: Bool = true) {
        update { $0.containers.removeAll { $0.id == id } }
        if sendingEvent {
            emit("container", "destroy", id)
        }
    }

    /// Sends an event to whoever listens, and keeps it for those who resume.
    func emit(_ type: String, _ action: String, _ id: String) {
        let (event, listeners) = state.withLock { state in
            state.clock += 1_000_000
            let event = JSONObject([
                ("Type", JSON(type)), ("Action", JSON(action)),
                ("Actor", ["ID": JSON(id), "Attributes": .emptyObject]),
                ("time", JSON(state.clock / 1_000_000_000)), ("timeNano", JSON(state.clock)),
            ])
            state.log.append(event.json)
            return (event.json, Array(state.listeners.values))
        }
        for channel in listeners {
            channel.writeAndFlush(
                HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: event.text + "\n"))),
                promise: nil
            )
        }
    }

    /// The body for a path without its version; `nil` for what is not there.
    fileprivate func answer(_ path: String) -> String? {
        state.withLock { state in
            if let garbage = state.garbage {
                return garbage
            }
            switch path {
            case "/_ping": return "OK"
            case "/version":
                return #"{"Version":"20.10.1","ApiVersion":"\#(state.apiVersion)","MinAPIVersion":"1.12"}"#
            case "/info":
                return """
                    {"ID":"\(state.id)","Name":"\(state.name)","NCPU":4,"MemTotal":4000000000,\
                    "OSType":"linux","Driver":"overlay2","Labels":\(JSON(state.labels).text)}
                    """
            case "/containers/json": return "[" + state.containers.map(\.summary).joined(separator: ",") + "]"
            case "/images/json":
                return "["
                    + state.images.map { #"{"Id":"sha256:\#($0)","RepoTags":["\#($0):latest"]}"# }
                    .joined(separator: ",") + "]"
            case "/networks": return "[]"
            case "/volumes": return #"{"Volumes":[]}"#
            default:
                let parts = path.split(separator: "/")
                guard parts.count == 3, parts[0] == "containers", parts[2] == "json" else {
                    return nil
                }
                return state.containers.first { $0.id == parts[1] }?.detail
            }
        }
    }

    /// The events to send again to one who resumes at `since`, as `seconds.nanoseconds`.
    fileprivate func events(since: String?) -> [JSON] {
        guard let since else {
            return []
        }
        let digits = since.filter { $0 != "." }
        return state.withLock { state in
            state.log.filter { ($0["timeNano"]?.int ?? 0) >= Int(digits) ?? 0 }
        }
    }
}

extension StubEngine.Container {
    private static let networks = """
        {"Networks":{"bridge":{"IPAMConfig":null,"Links":null,"Aliases":null,"NetworkID":"n","IPAddress":"172.17.0.2"}}}
        """

    fileprivate var summary: String {
        """
        {"Id":"\(id)","Names":\(JSON(["/" + name] + links).text),"Image":"busybox","ImageID":"sha256:b","Command":"\(command)",\
        "Created":1700000000,"Ports":[],"Labels":\(JSON(labels).text),"State":"\(state)","Status":"Up",\
        "HostConfig":{"NetworkMode":"default"},"NetworkSettings":\(Self.networks),"Mounts":[]}
        """
    }

    fileprivate var detail: String {
        """
        {"Id":"\(id)","Name":"/\(name)","Image":"sha256:b","Created":"2023-11-14T22:13:20.25Z","Path":"sleep",\
        "Args":["1 h"],"State":{"Status":"\(state)","StartedAt":"\(started)"},\
        "Config":{"Image":"busybox","Labels":\(JSON(labels).text)},"HostConfig":\(hostConfig),"Mounts":[],\
        "NetworkSettings":{"Ports":{},\(Self.networks.dropFirst())}
        """
    }
}

private final class StubHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let engine: StubEngine

    init(engine: StubEngine) {
        self.engine = engine
    }

    func channelInactive(context: ChannelHandlerContext) {
        let channel = context.channel
        engine.update { $0.listeners[ObjectIdentifier(channel)] = nil }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else {
            return
        }
        let parts = head.uri.split(separator: "?", maxSplits: 1)
        var path = String(parts[0])
        if path.hasPrefix("/v1."), let slash = path.dropFirst().firstIndex(of: "/") {
            path = String(path[slash...])
        }
        let isHanging = engine.state.withLock { state in
            state.requests.append(head.uri)
            return state.hanging.contains { head.uri.contains($0) }
        }
        guard !isHanging else {
            return
        }
        if path == "/events" {
            let query = parts.count > 1 ? parts[1].split(separator: "&") : []
            let since = query.first { $0.hasPrefix("since=") }.map { String($0.dropFirst(6)) }
            stream(since: since, context: context)
        } else {
            send(engine.answer(path), context: context)
        }
    }

    private func send(_ text: String?, context: ChannelHandlerContext) {
        let body = ByteBuffer(string: text ?? #"{"message":"not found"}"#)
        let headers: HTTPHeaders = ["Content-Length": "\(body.readableBytes)", "Content-Type": "application/json"]
        let head = HTTPResponseHead(version: .http1_1, status: text == nil ? .notFound : .ok, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    private func stream(since: String?, context: ChannelHandlerContext) {
        let channel = context.channel
        let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Transfer-Encoding": "chunked"])
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
        for event in engine.events(since: since) {
            let buffer = ByteBuffer(string: event.text + "\n")
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        }
        engine.update { $0.listeners[ObjectIdentifier(channel)] = channel }
    }
}
