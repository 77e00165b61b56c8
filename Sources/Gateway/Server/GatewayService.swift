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
        defer {
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
        if request.method == .OPTIONS {
            return try await responder.send(status: 200)
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
        for answer in extensions {
            if let reply = try await answer(request) {
                return try await responder.send(status: reply.status, headers: reply.headers, bytes: reply.body)
            }
        }
        try checkVersion(request)
        try checkLength(request)
        guard let (route, named) = found else {
            return try await fallback(request, responder)
        }
        try await route.handler(named, responder)
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
