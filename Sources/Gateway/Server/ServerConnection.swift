// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import SwarmCore
internal import Synchronization

/// Serves the requests of one connection, one after the other.
struct ServerConnection: Sendable {
    /// The longest wait for the next request, in seconds.
    private static let idleTime = Duration.seconds(600)
    /// The longest time from the first byte of a header to its end, against clients that trickle.
    private static let headerTime = Duration.seconds(20)
    /// How long a client may go on sending after the answer that it did not wait for.
    private static let lingerTime = Duration.seconds(2)

    let pipe: BytePipe
    let service: GatewayService
    /// Whether the client came over a socket in the file system.
    let isSocket: Bool

    /// Returns when the connection is closed.
    ///
    /// All of it is one task, on the connection's own thread, which is cancelled when the client goes away
    /// while it is being answered.
    func run() async {
        let worker = ConnectionWorker()
        let task = Task(executorPreference: pipe.executor) { await serveAll(worker) }
        worker.set(task)
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    private func serveAll(_ worker: ConnectionWorker) async {
        defer {
            pipe.close()
            service.connectionClosed()
        }
        guard service.admitsConnection() else {
            try? await refuse(GatewayError.tooManyConnections)
            return
        }
        do {
            var sender: Caller?
            while let head = try await nextHead() {
                // TLS has verified the client before its first byte is here.
                let caller = await known(sender)
                sender = caller
                guard try await serve(head, from: caller, worker) else {
                    return
                }
            }
        } catch let error as DockerAPIError {
            switch error {
            case .malformedMessage, .tooLarge: try? await refuse(error)
            case .handshakeFailed: service.logHandshake(error, host: pipe.remoteHost)
            default: break
            }
        } catch {
            // The client is gone, or too slow: there is nobody to tell.
        }
    }

    private func known(_ sender: Caller?) async -> Caller {
        if let sender {
            return sender
        }
        return Caller(
            await pipe.peer(),
            address: pipe.remoteHost,
            isSocket: isSocket,
            mustShowCertificate: service.verifiesClients
        )
    }

    private func nextHead() async throws -> HTTPRequestHead? {
        let idle = pipe.scheduleClose(at: Deadline.after(Self.idleTime).nio, GatewayError.requestTimeout)
        guard let first = try await pipe.read() else {
            return nil
        }
        idle.cancel()
        pipe.unread(first)
        let slow = pipe.scheduleClose(at: Deadline.after(Self.headerTime).nio, GatewayError.requestTimeout)
        defer { slow.cancel() }
        return try await HTTPMessageReader(pipe: pipe).requestHead()
    }

    /// Answers one request; returns whether the connection can carry another one.
    private func serve(
        _ head: HTTPRequestHead,
        from sender: Caller,
        _ worker: ConnectionWorker
    ) async throws -> Bool {
        let id = service.nextRequestID()
        let responder = Responder(pipe: pipe, request: head, headers: service.commonHeaders(requestID: id))
        let body = try body(of: head, responder)
        let start = ContinuousClock.now
        do {
            let request = try GatewayRequest(id: id, head: head, body: body, pipe: pipe, sender: sender)
            try await answer(request, responder, worker)
        } catch let error as GatewayError {
            if case .notAllowed = error {
                service.logRefusal(of: sender, head: head, id: id, error)
            }
            try await responder.send(error)
        }
        service.log(head: head, id: id, status: responder.status, time: ContinuousClock.now - start)
        guard !responder.isUpgraded else {
            return false
        }
        guard responder.leavesConnectionReusable, body.isComplete else {
            await linger()
            return false
        }
        return true
    }

    private func body(of head: HTTPRequestHead, _ responder: Responder) throws -> HTTPBodyReader {
        let decoder = try HTTPBodyDecoder(request: head.headers)
        guard head.headers[canonicalForm: "expect"].contains(where: { $0.lowercased() == "100-continue" }) else {
            return HTTPBodyReader(pipe: pipe, decoder: decoder)
        }
        let pipe = pipe
        return HTTPBodyReader(pipe: pipe, decoder: decoder) {
            if responder.isUnused {
                try await pipe.write(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n"))
            }
        }
    }

    /// Runs the route, and cancels it when the client goes away.
    private func answer(_ request: GatewayRequest, _ responder: Responder, _ worker: ConnectionWorker) async throws {
        let pipe = pipe
        let mayBecomeRaw = request.mayBecomeRaw
        let giveUp = { @Sendable in
            // A client that will send a raw stream may already have ended its side.
            let mayEndEarly = responder.isUpgraded || mayBecomeRaw
            if !mayEndEarly || pipe.failure != nil {
                worker.cancel()
            }
        }
        if !pipe.whenEnded(giveUp) {
            giveUp()
        }
        defer { pipe.whenEnded(nil) }
        await service.answer(request, responder)
        try Task.checkCancellation()
    }

    /// Answers what is no request.
    private func refuse(_ error: any Error) async throws {
        let head = HTTPRequestHead(version: .http1_0, method: .GET, uri: "/")
        let id = service.nextRequestID()
        let responder = Responder(pipe: pipe, request: head, headers: service.commonHeaders(requestID: id))
        let slow = pipe.scheduleClose(at: Deadline.after(Self.lingerTime).nio, GatewayError.requestTimeout)
        try await responder.send(error)
        slow.cancel()
        service.logRefusal(error, id: id, status: responder.status)
        await linger()
    }

    /// Takes what the client is still sending, for a moment, so that it can read the answer: closing
    /// a socket with unread bytes makes the system throw away what was sent.
    private func linger() async {
        let timer = pipe.scheduleClose(at: Deadline.after(Self.lingerTime).nio, GatewayError.requestTimeout)
        defer { timer.cancel() }
        guard (try? await pipe.closeOutput()) != nil else {
            return
        }
        while let bytes = try? await pipe.read(), bytes.readableBytes > 0 {}
    }
}

/// The task of a connection, for those who end it.
private final class ConnectionWorker: Sendable {
    private let state = Mutex<(task: Task<Void, Never>?, isCancelled: Bool)>((nil, false))

    /// Called once; the task may have been cancelled before.
    func set(_ task: Task<Void, Never>) {
        let isCancelled = state.withLock { state in
            state.task = task
            return state.isCancelled
        }
        if isCancelled {
            task.cancel()
        }
    }

    func cancel() {
        let task = state.withLock { state in
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }
}

extension GatewayRequest {
    /// Whether the client may use the connection as a raw stream after this request.
    var mayBecomeRaw: Bool {
        guard method == .POST || wantsUpgrade else {
            return false
        }
        return wantsUpgrade || segments.last == "attach" || (segments.first == "exec" && segments.last == "start")
    }
}
