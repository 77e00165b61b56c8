// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import Logging
internal import NIOHTTP1
internal import SwarmCore
internal import Synchronization

/// Sends the requests of a replica on to the manager that leads, and waits for one while there is none.
///
/// The body of a request is held back until the leader asks for it, which it does only while it leads.
/// So a request that arrives during a fail-over is sent to one manager after the other until one takes
/// it, and none does it twice. Once it was taken, it is sent again only when repeating does no harm.
final class LeaderForwarder: Sendable {
    /// Marks what a replica has sent on: a manager that does not lead refuses it instead of sending it
    /// round in circles.
    static let forwardedField = "X-Swarm-Forwarded"
    /// Marks that refusal.
    static let refusedField = "X-Swarm-Not-Leader"

    /// The wait before the same leader is asked again.
    private static let pause = Duration.milliseconds(250)

    private let leadership: Leadership
    private let replication: Replication
    private let tls: TLSContexts?
    private let logger: Logger
    private let connection = Mutex<(address: String, client: HTTPClient)?>(nil)

    init(leadership: Leadership, replication: Replication, tls: TLSContexts?, logger: Logger) {
        self.leadership = leadership
        self.replication = replication
        self.tls = tls
        self.logger = logger
    }

    /// Gives the request to the leader, and its answer to the client.
    ///
    /// - Returns: false when this manager leads, perhaps since a moment, and is to answer itself.
    /// - Throws: ``GatewayError/noLeader(reason:)``, or why the leader's answer broke off.
    func forward(_ request: GatewayRequest, _ responder: Responder) async throws -> Bool {
        let deadline = Deadline.after(replication.patience)
        var reason = "there is an election"
        while true {
            let view = leadership.view
            guard !view.isLeading else {
                return false
            }
            guard request.headers[Self.forwardedField].isEmpty else {
                try await refuse(responder)
                return true
            }
            if let leader = view.leader, leader.address != replication.address {
                let attempt = ForwardedCall(
                    request,
                    to: leader,
                    of: leadership,
                    client: try client(leader.address),
                    grace: replication.grace
                )
                guard let problem = try await attempt.run(responder) else {
                    return true
                }
                reason = "\"\(leader.address)\": \(problem)"
                logger.debug("not forwarded", metadata: ["request": "\(request.id)", "reason": "\(reason)"])
            }
            guard !deadline.hasPassed else {
                throw GatewayError.noLeader(reason: reason)
            }
            // With a leader that is known, another attempt is worth while before anything has changed.
            let limit = view.leader == nil ? deadline : min(deadline, .after(Self.pause))
            try await leadership.waitForChange(from: view, until: limit)
        }
    }

    private func refuse(_ responder: Responder) async throws {
        let error = LeadershipError.notLeading
        try await responder.send(
            status: error.kind.httpStatus,
            json: ["message": JSON(error.message)],
            headers: [Self.refusedField: "1"]
        )
    }

    private func client(_ address: String) throws -> HTTPClient {
        let known = connection.withLock { $0 }
        if let known, known.address == address {
            return known.client
        }
        let made = HTTPClient(address: try EngineAddress(parsing: address), tls: tls)
        connection.withLock { $0 = (address, made) }
        // What still streams goes on to its end.
        known?.client.shutdown()
        return made
    }

}

/// One attempt to have a request answered by a leader.
private struct ForwardedCall: Sendable {
    private enum Progress: Int, Comparable {
        /// The leader has seen nothing that it could act on.
        case offered
        /// The leader may have acted on it.
        case taken
        /// The answer has begun.
        case answered

        static func < (left: Progress, right: Progress) -> Bool { left.rawValue < right.rawValue }
    }

    /// The progress, shared by the task of the call and the one that watches the leader.
    private final class State: Sendable {
        private let value: Mutex<Progress>

        init(_ first: Progress) {
            value = Mutex(first)
        }

        var progress: Progress { value.withLock { $0 } }

        func advance(to progress: Progress) {
            value.withLock { $0 = max($0, progress) }
        }
    }

    private let request: GatewayRequest
    private let leader: Leadership.Leader
    private let leadership: Leadership
    private let client: HTTPClient
    private let grace: Duration
    private let state: State

    init(
        _ request: GatewayRequest,
        to leader: Leadership.Leader,
        of leadership: Leadership,
        client: HTTPClient,
        grace: Duration
    ) {
        self.grace = grace
        self.request = request
        self.leader = leader
        self.leadership = leadership
        self.client = client
        // Without a body there is nothing to hold back.
        state = State(request.bodyLength == 0 ? .taken : .offered)
    }

    /// Makes the attempt.
    ///
    /// - Returns: `nil` when the client has its answer, else why another attempt may be made.
    /// - Throws: when no other attempt may be made.
    func run(_ responder: Responder) async throws -> String? {
        do {
            return try await withThrowingTaskGroup(of: String?.self) { group in
                group.addTask { try await relay(responder) }
                group.addTask {
                    try await waitUntilGivenUp()
                    throw GatewayError.leaderLost(leader.address)
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
        } catch {
            try Task.checkCancellation()
            guard state.progress < .answered, responder.isUnused, mayTryAgain(after: error) else {
                throw state.progress == .taken ? GatewayError.leaderLost(leader.address) : error
            }
            return ErrorReport(error).message
        }
    }

    private func mayTryAgain(after error: any Error) -> Bool {
        switch error {
        case DockerAPIError.cannotConnect, DockerAPIError.handshakeFailed, DockerAPIError.tooManyConnections: true
        case is DeadlineExceeded, GatewayError.leaderLost, DockerAPIError.connectionLost:
            state.progress == .offered || request.isRepeatable
        default: false
        }
    }

    /// Returns when the answer has not begun though it should: another leads, or nobody does.
    private func waitUntilGivenUp() async throws {
        while leadership.leader == leader, !leadership.isLeading {
            let view = leadership.view
            try await leadership.waitForChange(from: view, until: .after(.seconds(3600)))
        }
        if state.progress == .taken, !request.isRepeatable {
            // It may be alive, and about to answer.
            try await ContinuousClock().sleep(for: grace)
        }
        while state.progress == .answered {
            // A stream of a leader that was replaced goes on as long as that manager lives.
            try await ContinuousClock().sleep(for: .seconds(3600))
        }
    }

    // MARK: The call

    /// - Returns: `nil` when the client has its answer, else why the leader refuses.
    private func relay(_ responder: Responder) async throws -> String? {
        try await client.withResponse(to: message, body: request.passedOnBody) { response in
            if response.status == 503, !response.headers[LeaderForwarder.refusedField].isEmpty {
                return HTTPReply.errorMessage(in: try await response.collect(limit: 1 << 16), status: 503)
            }
            state.advance(to: .answered)
            let headers = Self.headers(of: response)
            if response.isRawStream {
                let pipe = try await responder.upgrade(
                    status: response.status,
                    reason: response.reason,
                    headers: headers
                )
                try await PipeRelay.run(client: pipe, engine: response.upgrade())
            } else {
                try await EngineCall.relay(response, headers: headers, to: responder)
            }
            return nil
        }
    }

    private var message: HTTPRequest {
        var headers = EngineCall.passedOnHeaders(of: request)
        headers.replaceOrAdd(name: LeaderForwarder.forwardedField, value: request.id)
        headers.replaceOrAdd(name: Caller.headerField, value: request.caller.headerValue)
        var message = HTTPRequest(request.method, request.target, headers: headers)
        if request.bodyLength != 0 {
            let state = state
            message.onContinue = { state.advance(to: .taken) }
        }
        return message
    }

    /// The leader's own fields stay: they say whose answer it is.
    private static func headers(of response: HTTPResponse) -> HTTPHeaders {
        var headers = EngineCall.headers(of: response, keepsUpgrade: response.isRawStream)
        for name in ["Server", "Api-Version", "Docker-Experimental", "Ostype", "X-Request-Id"] {
            if let value = response.headers.first(name: name) {
                headers.replaceOrAdd(name: name, value: value)
            }
        }
        return headers
    }
}

extension GatewayRequest {
    /// Whether doing it twice is as good as doing it once.
    var isRepeatable: Bool {
        guard method != .GET, method != .HEAD else {
            return !wantsUpgrade
        }
        // Of the calls that change something: those that ask for a state, or wait for it.
        return method == .POST && segments.first == "containers"
            && ["start", "stop", "wait", "resize"].contains(segments.last)
    }

    /// Whether a replica answers it itself: what is asked about this manager, and the engines' events,
    /// which every manager follows and which so outlive a leader.
    var isForThisManager: Bool {
        guard method == .GET || method == .HEAD, segments.count == 1, let word = segments.first else {
            return false
        }
        return ["_ping", "info", "events", "healthz", "readyz", "metrics"].contains(word)
    }
}
