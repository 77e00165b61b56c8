// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOCore
internal import NIOHTTP1
internal import SwarmCore

/// Events of all engines in one stream.
extension DockerRoutes {
    /// How long the engines' past events are waited for.
    private static let pastTime = Duration.seconds(10)
    /// The shortest time between two writes to a listener: what comes meanwhile is written in one piece.
    private static let writeInterval = Duration.milliseconds(10)

    var eventRoutes: [Route] {
        [Route(.GET, "events", events)]
    }

    private func events(_ request: GatewayRequest, _ responder: Responder) async throws {
        let filter = try EventFilter(request)
        // Listening begins before the past is asked for, so that nothing falls between them.
        let live = cluster.eventQueue()
        defer { live.close() }
        try await responder.begin(headers: ["Content-Type": "application/json"])
        var seen = Set<String>()
        if let since = filter.since {
            for (event, node) in await past(request, since: since, until: filter.until) {
                seen.insert(Self.key(event, node))
                try await send(event, node, filter, responder)
            }
        }
        if let until = filter.until, until <= WallTime.now {
            return try await responder.finish()
        }
        try await follow(live, filter, seen: seen, responder)
        try await responder.finish()
    }

    private func follow(
        _ live: EventQueue,
        _ filter: EventFilter,
        seen: Set<String>,
        _ responder: Responder
    ) async throws {
        guard let until = filter.until else {
            return try await relay(live, filter, seen: seen, responder)
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await relay(live, filter, seen: seen, responder) }
            group.addTask {
                let rest = max(0, min(until - WallTime.now, 1e9))
                try? await ContinuousClock().sleep(for: .seconds(rest))
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Sends events until the queue is over, all that wait at a time.
    private func relay(
        _ live: EventQueue,
        _ filter: EventFilter,
        seen: Set<String>,
        _ responder: Responder
    ) async throws {
        var lastWrite = ContinuousClock.now - Self.writeInterval
        while true {
            let events = await live.next()
            guard !events.isEmpty else {
                return
            }
            let isBusy = ContinuousClock.now - lastWrite < Self.writeInterval
            lastWrite = .now
            var text = ByteBuffer()
            for event in events where filter.accepts(event.event, on: event.node) {
                guard seen.isEmpty || !seen.contains(Self.key(event.event, event.node)) else {
                    continue
                }
                text.writeBytes(event.text.bytes { line(event.event, event.node) })
            }
            if text.readableBytes > 0 {
                try await responder.write(text)
            }
            if isBusy {
                try await ContinuousClock().sleep(until: lastWrite + Self.writeInterval)
            }
        }
    }

    private func line(_ event: EngineEvent, _ node: NodeState) -> [UInt8] {
        eventMarks.marks(of: node).line(event.raw)
    }

    private func send(
        _ event: EngineEvent,
        _ node: NodeState,
        _ filter: EventFilter,
        _ responder: Responder
    ) async throws {
        if filter.accepts(event, on: node) {
            try await responder.write(ByteBuffer(bytes: line(event, node)))
        }
    }

    /// What the engines remember of the time before now, in the order of time.
    private func past(
        _ request: GatewayRequest,
        since: String,
        until: Double?
    ) async -> [(event: EngineEvent, node: NodeState)] {
        let end = min(until ?? WallTime.now, WallTime.now)
        let answers = await ask(cluster.snapshot.healthyNodes, skipsSilent: true) { node in
            let engine = try engine(for: node, request)
            let query = [("since", Self.since(since, on: node)), ("until", "\(end + node.clockCorrection)")]
            let reply = try await engine.call(.GET, "/events", query: query, deadline: .after(Self.pastTime))
            return reply.body.split(separator: UInt8(ascii: "\n")).compactMap { line in
                (try? JSON(parsing: Array(line))).map { EngineEvent($0) }
            }
        }
        let events = answers.flatMap { answer in
            ((try? answer.result.get()) ?? []).map { (event: $0, node: answer.node) }
        }
        return events.enumerated().sorted { ($0.element.event.time, $0.offset) < ($1.element.event.time, $1.offset) }
            .map(\.element)
    }

    /// The instant on the node's own clock, when it is far off: its events have times of that.
    private static func since(_ since: String, on node: NodeState) -> String {
        guard node.clockCorrection != 0, let seconds = Double(since) ?? WallTime.parse(since) else {
            return since
        }
        return "\(seconds + node.clockCorrection)"
    }

    private static func key(_ event: EngineEvent, _ node: NodeState) -> String {
        "\(node.address) \(event.time) \(event.type) \(event.action) \(event.actor)"
    }

}
