// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Logging
internal import SwarmCore
internal import Synchronization

/// Keeps one engine connected: connects it step by step, follows its events, compares full lists, and
/// tries again when anything breaks.
final class NodeSession: Sendable {
    let address: String
    /// The host part of `address`, without brackets.
    let host: String
    let cluster: Cluster
    let dirty: DirtySet
    let progress = Mutex(EventProgress())
    private let baseClient: EngineClient
    private let versions = Mutex<APIVersion?>(nil)
    private let wake = Wake()
    private let stopped = Wake()
    private let lastAnswer = Mutex<ContinuousClock.Instant?>(nil)
    /// Signalled whenever the node turns out not to be healthy, and when it leaves.
    let losses = ChangeSignal()
    /// Whether an element of the engine's lists was found to be what its description makes of it, so that one container
    /// is read with one call.
    let listsAsDescribed = Mutex(false)
    /// Whether a ping has failed since the last answer.
    private let silence = Mutex(false)
    /// When a connection was last made only to verify the certificate.
    private let lastVerified = Mutex<ContinuousClock.Instant?>(nil)
    private static let verifyInterval = Duration.seconds(15)

    /// The newest version whose answers are read here; engines that speak newer ones are asked for it.
    private static let newestVersion = APIVersion(major: 1, minor: 47)
    /// Engines older than 1.12 lack fields that placement needs.
    private static let oldestVersion = APIVersion(major: 1, minor: 24)

    init(address: String, client: HTTPClient, cluster: Cluster) {
        self.address = address
        host = (try? EngineAddress(parsing: address, defaultPort: 2375))?.host ?? address
        self.cluster = cluster
        dirty = DirtySet(width: cluster.configuration.inspectionWidth)
        baseClient = EngineClient(http: client)
    }

    /// For calls in the version agreed on.
    var client: EngineClient {
        var client = baseClient
        client.apiVersion = versions.withLock { $0 }
        return client
    }

    var configuration: ClusterConfiguration { cluster.configuration }

    /// Ends ``run()`` for good.
    func stop() {
        stopped.signal()
        losses.signal()
    }

    /// Ends the wait before the next attempt to connect.
    func nudge() { wake.signal() }

    /// Whether the engine has said anything in the last `duration`.
    func wasHeard(within duration: Duration) -> Bool {
        lastAnswer.withLock { $0 }.map { ContinuousClock.now - $0 < duration } ?? false
    }

    /// Whether the last ping stayed without an answer, and nothing was heard since.
    var isSilent: Bool { silence.withLock { $0 } }

    func noteAnswer() {
        lastAnswer.withLock { $0 = .now }
        silence.withLock { $0 = false }
    }

    /// Asks whether the engine answers.
    ///
    /// - Throws: when it does not, within `time`, or ``ClusterConfiguration/probeTimeout``.
    func ping(within time: Duration? = nil) async throws {
        do {
            try await baseClient.ping(deadline: .after(time ?? configuration.probeTimeout))
        } catch {
            try Task.checkCancellation()
            silence.withLock { $0 = true }
            guard error is DeadlineExceeded else {
                throw error
            }
            throw DeadlineExceeded(operation: "waiting for \"\(address)\" to answer a ping")
        }
        noteAnswer()
    }

    /// Runs until ``stop()`` or until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.stopped.wait() }
            group.addTask { await self.keepConnected() }
            await group.next()
            group.cancelAll()
        }
        baseClient.http.shutdown()
    }

    private func keepConnected() async {
        var backoff = Backoff(start: configuration.backoffStart, limit: configuration.backoffLimit)
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            let start = ContinuousClock.now
            do {
                try await follow()
            } catch  where Task.isCancelled {
                return
            } catch SessionEnd.streamEnded(let reason) where ContinuousClock.now - start > configuration.backoffStart {
                // A node counts as gone only when it cannot be connected again.
                cluster.logger.debug("event stream ended", metadata: ["node": "\(address)", "reason": "\(reason)"])
                backoff.reset()
                continue
            } catch {
                if case SessionEnd.probesFailed = error {
                    backoff.reset()
                }
                fail(error)
            }
            await wake.wait(atMost: backoff.next(using: &generator))
        }
    }

    /// Notes why the node is not healthy.
    private func fail(_ error: any Error) {
        let reason = ErrorReport(error).message
        let kind = ErrorReport(error).kind
        let known = cluster.core.withLock { $0.node(at: address) }
        guard let known else {
            return
        }
        let isUnreachable = kind == .unreachable && !Self.isHandshake(error)
        let status: NodeStatus = isUnreachable ? (known.info == nil ? .pending : .disconnected) : .unhealthy
        cluster.core.withLock { $0.setStatus(status, reason: reason, of: address, now: WallClock.now()) }
        losses.signal()
        if known.status != status || known.reason != reason {
            cluster.logger.info(
                "node is not healthy",
                metadata: ["node": "\(known.name)", "status": "\(status.rawValue)", "reason": "\(reason)"]
            )
        }
        cluster.nudgeCopies(of: address)
        if case SessionEnd.clone(_, _, let original) = error {
            cluster.note(copy: address, of: original)
        }
        if known.status == .healthy, let node = cluster.core.withLock({ $0.node(at: address) }) {
            cluster.hub.publish("engine_disconnect", node: node)
        }
    }

    private static func isHandshake(_ error: any Error) -> Bool {
        if case DockerAPIError.handshakeFailed = error {
            return true
        }
        return false
    }

    // MARK: One connection

    /// Connects and follows the engine; throws when the connection breaks.
    private func follow() async throws {
        let version = try await inTaskOfItsOwn { try await self.connect() }
        let accepted = Wake()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.followEvents(accepted: accepted) }
            group.addTask {
                // From here on nothing is missed: what changes while the lists are read comes as an event.
                await accepted.wait()
                try Task.checkCancellation()
                try await inTaskOfItsOwn { try await self.readEverything(inspectAll: true) }
                try self.becomeHealthy(version)
                self.cluster.noteJoin()
                try await self.serve()
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Asks the engine who it is, each step with a deadline.
    private func connect() async throws -> EngineVersion {
        try await step("pinging") { try await self.baseClient.ping(deadline: $0) }
        let version = try await step("asking for the version") { try await self.baseClient.version(deadline: $0) }
        guard version.apiVersions.highest >= Self.oldestVersion else {
            throw SessionEnd.tooOld(highest: version.apiVersions.highest, needed: Self.oldestVersion)
        }
        versions.withLock { $0 = version.apiVersions.clamp(Self.newestVersion) }
        // It may be another engine than before.
        listsAsDescribed.withLock { $0 = false }
        let info = try await step("asking for the description") { try await self.client.info(deadline: $0) }
        guard !info.name.isEmpty || !info.id.isEmpty else {
            throw DockerAPIError.unexpectedAnswer(what: "neither a name nor an id in the engine's description")
        }
        let peer = baseClient.http.peer
        if let peer, peer.isElsewhere, !peer.isMade(forEngine: info.name) {
            throw SessionEnd.otherName(engine: info.name, certificate: peer.name)
        }
        try cluster.core.withLock { core in
            try Self.refuseClone(core, address, peer)
            core.describe(address, info: info, version: version, peer: peer)
        }
        return version
    }

    /// Makes one call; the connection ends it at the deadline.
    /// - Throws: ``SessionEnd/clone(certificate:name:address:)`` when another node has the same certificate and works.
    private static func refuseClone(_ core: ClusterCore, _ address: String, _ peer: EnginePeer?) throws {
        if let peer, let twin = core.twin(of: address, peer) {
            throw SessionEnd.clone(certificate: peer.name, name: twin.name, address: twin.address)
        }
    }

    func step<Value: Sendable>(_ name: String, _ body: (Deadline) async throws -> Value) async throws -> Value {
        do {
            return try await body(.after(configuration.stepTimeout))
        } catch is DeadlineExceeded {
            throw DeadlineExceeded(operation: "\(name) \"\(address)\"")
        }
    }

    private func becomeHealthy(_ version: EngineVersion) throws {
        let before = try cluster.core.withLock { core in
            let before = core.node(at: address)
            // Two copies may have connected at the same time.
            try Self.refuseClone(core, address, before?.peer)
            core.setStatus(.healthy, reason: nil, of: address, now: WallClock.now())
            return before
        }
        guard let before, before.status != .healthy, let node = cluster.core.withLock({ $0.node(at: address) }) else {
            return
        }
        cluster.logger.info(
            "node is healthy",
            metadata: ["node": "\(node.name)", "address": "\(address)", "version": "\(version.version)"]
        )
        if before.status != .pending {
            cluster.statistics.countReconnect()
        }
        cluster.hub.publish(before.status == .pending ? "engine_connect" : "engine_reconnect", node: node)
    }

    /// Probes, refreshes and reads what events announce, until one of them fails.
    private func serve() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.probe() }
            group.addTask { try await self.refreshRegularly() }
            group.addTask { await self.readDirty() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Finds connections that are half open: the stream of events stays silent then.
    private func probe() async throws {
        var failures = 0
        while true {
            try await ContinuousClock().sleep(for: failures == 0 ? configuration.probeInterval : .seconds(1))
            verifyAnew()
            do {
                try await inTaskOfItsOwn { try await self.ping() }
                failures = 0
                notePeer()
            } catch {
                try Task.checkCancellation()
                failures += 1
                guard failures < configuration.failureRetry else {
                    throw SessionEnd.probesFailed(count: failures, reason: ErrorReport(error).message)
                }
            }
        }
    }

    /// Has the next ping make a connection of its own while the certificate is about to end, or has ended: a connection
    /// that is kept says nothing about it.
    private func verifyAnew() {
        guard let end = baseClient.http.peer?.notAfter, end - Int(WallTime.now) < NodeState.certificateNotice,
            // Once it has ended the next ping tells.
            lastVerified.withLock({ $0.map { ContinuousClock.now - $0 >= Self.verifyInterval } ?? true })
                || end < Int(WallTime.now)
        else {
            return
        }
        lastVerified.withLock { $0 = .now }
        baseClient.http.closeIdle()
    }

    /// Takes over what a certificate says that was renewed.
    private func notePeer() {
        guard let peer = baseClient.http.peer, cluster.core.withLock({ $0.node(at: address)?.peer }) != peer else {
            return
        }
        cluster.core.withLock { $0.setPeer(peer, of: address) }
    }

    private func refreshRegularly() async throws {
        while true {
            let bounds = configuration.refreshInterval
            let spread = bounds.upperBound - bounds.lowerBound
            try await ContinuousClock().sleep(for: bounds.lowerBound + spread * Double.random(in: 0...1))
            do {
                try await inTaskOfItsOwn { try await self.readEverything(inspectAll: false) }
            } catch {
                try Task.checkCancellation()
                // Probes decide whether the node is there; the next round compares again.
                cluster.logger.debug("refresh failed", metadata: ["node": "\(address)", "error": "\(error)"])
            }
        }
    }

    /// Reads what events announce, a few parts at a time.
    private func readDirty() async {
        await withDiscardingTaskGroup { group in
            while let part = await dirty.next() {
                group.addTask {
                    await self.refresh(part)
                    self.finish(part, isTaken: true)
                }
            }
        }
    }

    private func followEvents(accepted: Wake) async throws {
        let since = progress.withLock { $0.since }
        do {
            try await client.events(
                since: since,
                deadline: .after(configuration.stepTimeout),
                onStart: { @Sendable in accepted.signal() },
                { @Sendable event in self.handle(event) }
            )
        } catch {
            try Task.checkCancellation()
            throw SessionEnd.streamEnded(reason: ErrorReport(error).message)
        }
        throw SessionEnd.streamEnded(reason: "the engine closed it")
    }

    private func handle(_ event: EngineEvent) {
        noteAnswer()
        guard progress.withLock({ $0.isNew(event) }), let node = cluster.core.withLock({ $0.node(at: address) })
        else {
            return
        }
        cluster.statistics.noteEvent(from: address, at: event.time)
        cluster.hub.publish(ClusterEvent(event: event, node: node))
        for part in NodePart.changed(by: event) {
            guard case .container(let id) = part, event.isBeginning else {
                dirty.insert(part)
                continue
            }
            dirty.insert(part, unless: event) { event.isExplained(by: self.known(id)) }
        }
    }
}
