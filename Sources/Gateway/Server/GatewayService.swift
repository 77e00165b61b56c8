// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import Logging
internal import NIOHTTP1
internal import SwarmCore
internal import Synchronization

/// What all connections share: the routes, the log, and the numbers of requests.
final class GatewayService: Sendable {
    private let table: RouteTable
    private let extensions: [GatewayExtension]
    private let cluster: Cluster
    private let configuration: GatewayConfiguration
    private let metrics: GatewayMetrics
    private let logger: Logger
    private let fallback: RouteHandler
    private let forwarder: LeaderForwarder?
    private let access: AccessControl
    private let count = Atomic<UInt64>(0)
    /// Tells the runs of a manager apart in the log.
    private let run = String(UInt32.random(in: 0...UInt32.max), radix: 16)

    init(
        routes: [Route],
        fallback: @escaping RouteHandler,
        extensions: [GatewayExtension],
        cluster: Cluster,
        configuration: GatewayConfiguration,
        metrics: GatewayMetrics,
        logger: Logger
    ) {
        table = RouteTable(routes)
        self.fallback = fallback
        self.extensions = extensions
        self.cluster = cluster
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
        access = AccessControl(cluster: cluster, privilegedRoles: configuration.privilegedRoles, logger: logger)
        forwarder = configuration.replication.map {
            LeaderForwarder(
                leadership: cluster.leadership,
                replication: $0,
                tls: configuration.tls,
                logger: logger
            )
        }
    }

    /// Counts a connection that opens; false when there are too many, and it must be turned away.
    ///
    /// Each call is followed by one of ``connectionClosed()``, whatever it returned.
    func admitsConnection() -> Bool {
        metrics.countConnection(1)
        return metrics.openConnections <= configuration.connectionLimit
    }

    /// Whether clients on TCP must show a certificate.
    var verifiesClients: Bool { configuration.tls?.files.verifiesPeer ?? false }

    func connectionClosed() {
        metrics.countConnection(-1)
    }

    func nextRequestID() -> String {
        "\(run)-\(count.add(1, ordering: .relaxed).newValue)"
    }

    /// What every answer carries.
    func commonHeaders(requestID: String) -> HTTPHeaders {
        var headers: HTTPHeaders = [
            "Server": "swarm/\(swarmVersion)", "Ostype": "linux", "Docker-Experimental": "false",
            "X-Request-Id": requestID,
        ]
        let snapshot = cluster.snapshot
        headers.add(name: "Api-Version", value: "\(snapshot.offeredVersions.highest)")
        if configuration.allowsCrossOrigin {
            headers.add(name: "Access-Control-Allow-Origin", value: "*")
            headers.add(
                name: "Access-Control-Allow-Headers",
                value: "Origin, X-Requested-With, Content-Type, Accept, X-Registry-Auth"
            )
            headers.add(name: "Access-Control-Allow-Methods", value: "HEAD, GET, POST, DELETE, PUT, OPTIONS")
        }
        return headers
    }

    /// Answers a request, also when it fails; returns early only when the client is gone.
    func answer(_ request: GatewayRequest, _ responder: Responder) async {
        let found = table.find(request)
        let start = ContinuousClock.now
        let time = WallTime.now
        var reason: String?
        defer {
            audit(request, found?.0, .end, time: time, status: responder.status, since: start, reason: reason)
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            // Methods are words of the client's choice: only those of a route are counted apart.
            metrics.record(
                route: found?.0.pattern ?? "other",
                method: found == nil ? "other" : request.method.rawValue,
                status: responder.status,
                seconds: seconds
            )
        }
        do {
            try await dispatch(request, to: found, responder)
        } catch {
            reason = ErrorReport(error).message
            if !(error is CancellationError) {
                // What is not the client's fault is for the operator to know.
                logger.log(
                    level: ErrorReply(error).status >= 500 && error as? GatewayError != .notSwarmMode ? .info : .debug,
                    "request failed",
                    metadata: ["request": "\(request.id)", "error": "\(ErrorReport(error).message)"]
                )
            }
            // In the middle of a body the only way to say that it is not complete is to break off.
            if responder.isUnused {
                try? await responder.send(error)
            }
        }
    }

    private func dispatch(
        _ request: GatewayRequest,
        to found: (Route, GatewayRequest)?,
        _ responder: Responder
    ) async throws {
        if request.method == .OPTIONS, request.caller.standing != .nobody {
            return try await responder.send(status: 200)
        }
        if !extensions.contains(where: { $0.answers(request) }) {
            try access.check(request, route: found?.0)
        }
        if let route = found?.0, AuditRecord.isLong(route) {
            audit(request, route, .begin, time: WallTime.now, status: 0, since: .now)
        }
        guard let forwarder, !request.isForThisManager else {
            return try await answerHere(request, from: found, responder)
        }
        while try await !forwarder.forward(request, responder) {
            do {
                return try await answerHere(request, from: found, responder)
            } catch LeadershipError.notLeading {
                // The lead was lost before anything was read or done: another manager may take it.
            }
        }
    }

    private func answerHere(
        _ request: GatewayRequest,
        from found: (Route, GatewayRequest)?,
        _ responder: Responder
    ) async throws {
        for other in extensions where other.answers(request) {
            if let reply = try await other.answer(request) {
                return try await responder.send(status: reply.status, headers: reply.headers, bytes: reply.body)
            }
        }
        let grant = try access.check(request, route: found?.0)
        try checkVersion(request)
        try checkLength(request)
        guard let (route, named) = found else {
            return try await fallback(request, responder)
        }
        try await route.handler(try await access.admit(named, to: route, grant), responder)
    }

    /// Refuses JSON that no engine should be troubled with.
    private func checkLength(_ request: GatewayRequest) throws(DockerAPIError) {
        let type = request.headers.first(name: "content-type") ?? ""
        guard let length = request.bodyLength, length > GatewayRequest.jsonLimit, type.hasPrefix("application/json")
        else {
            return
        }
        throw .tooLarge(what: "the body", limit: GatewayRequest.jsonLimit)
    }

    /// Refuses versions that no engine speaks, in the engine's own words.
    private func checkVersion(_ request: GatewayRequest) throws(GatewayError) {
        guard let version = request.version, let range = cluster.snapshot.apiVersions else {
            return
        }
        if version > range.highest {
            throw .versionTooNew(requested: "\(version)", highest: "\(range.highest)")
        }
        if version < range.lowest {
            throw .versionTooOld(requested: "\(version)", lowest: "\(range.lowest)")
        }
    }

    /// Notes a request in the audit log, unless it only asks whether the manager is there.
    private func audit(
        _ request: GatewayRequest,
        _ route: Route?,
        _ phase: AuditRecord.Phase,
        time: Double,
        status: Int,
        since start: ContinuousClock.Instant,
        reason: String? = nil
    ) {
        guard let log = configuration.audit, status >= 400 || !AuditRecord.isGreeting(route) else {
            return
        }
        log.record(
            AuditRecord(
                time: time,
                request: request.id,
                caller: request.caller,
                method: request.method.rawValue,
                path: "/" + request.segments.joined(separator: "/"),
                route: route?.pattern ?? "",
                nodes: request.trail.nodes,
                phase: phase,
                status: status,
                milliseconds: Int((ContinuousClock.now - start) / .milliseconds(1)),
                reason: reason
            )
        )
    }

    /// Notes what never became a request.
    private func audit(
        _ caller: Caller,
        _ method: String,
        _ path: String,
        id: String,
        _ phase: AuditRecord.Phase,
        _ error: any Error
    ) {
        configuration.audit?.record(
            AuditRecord(
                time: WallTime.now,
                request: id,
                caller: caller,
                method: method,
                path: path,
                route: "",
                nodes: [],
                phase: phase,
                status: phase == .handshake ? 0 : 403,
                milliseconds: 0,
                reason: ErrorReport(error).message
            )
        )
    }

    /// One line for a client that TLS has turned away.
    func logHandshake(_ error: any Error, host: String) {
        logger.warning(
            "client refused",
            metadata: ["client": "\(host)", "error": "\(ErrorReport(error).message)"]
        )
        let nobody = Caller(name: "", standing: .nobody, address: host)
        audit(nobody, "", "", id: nextRequestID(), .handshake, error)
    }

    /// One line for a request that was refused before its route was looked for.
    func logRefusal(of sender: Caller, head: HTTPRequestHead, id: String, _ error: any Error) {
        let path = String(head.uri.prefix { $0 != "?" })
        access.log(refusal: error, of: sender, "\(head.method) \(path)", id: id)
        audit(sender, head.method.rawValue, path, id: id, .end, error)
    }

    /// One line for what was no request.
    func logRefusal(_ error: any Error, id: String, status: Int) {
        logger.debug(
            "refused",
            metadata: ["request": "\(id)", "status": "\(status)", "error": "\(ErrorReport(error).message)"]
        )
    }

    /// One line for each request, without its query, which may hold secrets.
    func log(head: HTTPRequestHead, id: String, status: Int, time: Duration) {
        let milliseconds = time / .milliseconds(1)
        logger.debug(
            "request",
            metadata: [
                "request": "\(id)", "method": "\(head.method)", "path": "\(head.uri.prefix { $0 != "?" })",
                "status": "\(status)", "ms": "\(Int(milliseconds))",
            ]
        )
    }
}

extension ClusterSnapshot {
    /// What clients are offered: what all healthy engines speak, and without one what this manager
    /// was made for.
    var offeredVersions: APIVersionRange {
        apiVersions
            ?? APIVersionRange(lowest: APIVersion(major: 1, minor: 24), highest: APIVersion(major: 1, minor: 41))
    }
}
