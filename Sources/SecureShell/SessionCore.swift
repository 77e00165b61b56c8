// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import CLibSSH2
internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Everything that belongs to one session's thread: the libssh2 session, its socket, its channels
/// and whoever waits for them.
///
/// Made on the thread of a ``SessionLoop`` and never seen by another one.
@safe final class SessionCore {
    let endpoint: SSHEndpoint
    private(set) var wire: Wire?
    private(set) var session: OpaquePointer?
    /// Why nothing works any more; set once.
    private(set) var failure: SSHError?
    private(set) var isFinished = false
    var channels = ChannelTable()
    var agent = AgentState()

    private let keepaliveInterval: Duration
    private var nextKeepalive: Deadline?
    private var operations: [PendingOperation] = []
    private var services: [Int: any LoopService] = [:]
    private var nextService = 0
    private var ready: [Int32: Int16] = [:]
    private var loss: SSHError?

    init(endpoint: SSHEndpoint, keepaliveInterval: Duration) {
        self.endpoint = endpoint
        self.keepaliveInterval = keepaliveInterval
    }

    /// Takes over a connected socket and makes the session for it.
    func adopt(socket: Int32) throws(SSHError) {
        SystemSocket.prepare(socket)
        let wire = Wire(takingOwnershipOf: socket)
        // The session keeps an unretained pointer; `release` frees the session first.
        let context = unsafe Unmanaged.passUnretained(wire).toOpaque()
        guard let made = unsafe libssh2_session_init_ex(nil, nil, nil, context) else {
            throw .unreachable(endpoint, detail: "libssh2 has no memory")
        }
        unsafe swarmctl_set_transport(made, receiveForLibrary, sendForLibrary)
        unsafe libssh2_session_set_blocking(made, 0)
        self.wire = wire
        unsafe session = made
    }

    /// The session, for calls of the library.
    func requireSession() throws(SSHError) -> OpaquePointer {
        guard failure == nil, let session = unsafe session else {
            throw failure ?? .closed(endpoint)
        }
        return unsafe session
    }

    /// Starts asking a quiet peer for signs of life.
    func startKeepalive() {
        if let session = unsafe session {
            // The library's own clock counts seconds; ours decides when.
            unsafe libssh2_keepalive_config(session, 1, 1)
        }
        nextKeepalive = .after(keepaliveInterval)
    }

    /// Lets a call wait for the session; one that comes too late fails at once.
    func start(_ operation: PendingOperation) {
        if let failure {
            operation.fail(failure)
        } else {
            operations.append(operation)
        }
    }

    /// Adds a service and returns its number; after a failure it ends at once.
    @discardableResult
    func add(_ service: any LoopService) -> Int {
        nextService += 1
        if let failure {
            service.end(failure)
        } else {
            services[nextService] = service
        }
        return nextService
    }

    /// Ends the service with the number, if it is there.
    func removeService(_ number: Int) {
        services.removeValue(forKey: number)?.end(.closed(endpoint))
    }

    /// The library's failure `code` as an error; one of the transport ends the session too.
    func error(_ code: Int, _ operation: String) -> SSHError {
        let detail = lastErrorText()
        switch Int32(truncatingIfNeeded: code) {
        case LIBSSH2_ERROR_SOCKET_RECV, LIBSSH2_ERROR_SOCKET_SEND, LIBSSH2_ERROR_SOCKET_DISCONNECT,
            LIBSSH2_ERROR_DECRYPT, LIBSSH2_ERROR_INVALID_MAC:
            let error = lossError(detail)
            loss = loss ?? error
            return error
        default:
            return .channelRefused(endpoint, operation: operation, detail: detail)
        }
    }

    /// The library's words for its last failure.
    func lastErrorText() -> String {
        var text: UnsafeMutablePointer<CChar>?
        var count: Int32 = 0
        guard let session = unsafe session,
            unsafe libssh2_session_last_error(session, &text, &count, 0) != 0, let text = unsafe text
        else {
            return "no reason given"
        }
        return unsafe String(cString: text)
    }

    /// Makes all progress that is possible without waiting.
    func advance() {
        guard failure == nil else {
            return
        }
        var hasProgress = true
        while hasProgress, loss == nil {
            let consumed = wire?.consumed
            let queued = channels.queuedCount
            hasProgress = advanceOpening()
            hasProgress = advanceOperations() || hasProgress
            hasProgress = advanceServices() || hasProgress
            hasProgress = releaseDyingChannels() || hasProgress
            // A call for one channel may have read packets for another that was asked before it.
            hasProgress = hasProgress || wire?.consumed != consumed
            // A service may have asked for a channel after the opening had its turn.
            hasProgress = hasProgress || channels.queuedCount != queued
            hasProgress = wire?.flush() == true || hasProgress
        }
        ready.removeAll(keepingCapacity: true)
        checkLife()
        if let loss {
            fail(loss)
        }
    }

    /// Waits for an event: of the network, of a descriptor, of a caller, or of a clock.
    func wait(_ bell: Bell) {
        var polled = [pollfd(fd: bell.file, events: Int16(POLLIN), revents: 0)]
        if failure == nil, let wire, wire.wantsInput || wire.hasOutput {
            let events = (wire.wantsInput ? Int16(POLLIN) : 0) | (wire.hasOutput ? Int16(POLLOUT) : 0)
            polled.append(pollfd(fd: wire.socket, events: events, revents: 0))
        }
        for service in services.values {
            polled += service.interests.map { pollfd(fd: $0.file, events: $0.events, revents: 0) }
        }
        let timeout = nextEvent().map { Int32(clamping: $0.remainingMilliseconds) } ?? -1
        guard unsafe poll(&polled, nfds_t(polled.count), timeout) > 0 else {
            return
        }
        for entry in polled where entry.revents != 0 {
            if entry.fd == bell.file {
                bell.silence()
            } else if entry.fd == wire?.socket {
                wire?.fill()
            } else {
                ready[entry.fd, default: 0] |= entry.revents
            }
        }
    }

    /// Closes everything, in order; the thread ends after this.
    func finish() {
        guard !isFinished else {
            return
        }
        isFinished = true
        let wasUp = failure == nil
        fail(.closed(endpoint))
        release(saysGoodbye: wasUp)
    }

    private func advanceOperations() -> Bool {
        let current = operations
        operations = []
        // Operations started by answers are appended behind those that stay.
        var kept: [PendingOperation] = []
        for operation in current {
            if operation.ticket.isCancelled {
                operation.fail(CancellationError())
            } else if operation.attempt(self) {
                continue
            } else if operation.deadline?.hasPassed == true {
                operation.fail(SSHError.timedOut(endpoint, stage: operation.stage))
            } else {
                kept.append(operation)
            }
        }
        operations = kept + operations
        return kept.count < current.count
    }

    private func advanceServices() -> Bool {
        let before = services.count
        for (number, service) in services where !service.step(self, ready: &ready) {
            services[number] = nil
        }
        return services.count != before
    }

    private func nextEvent() -> Deadline? {
        var next = nextKeepalive
        let deadlines = operations.map(\.deadline) + services.values.map(\.nextWake) + [channels.nextDeadline]
        for deadline in deadlines {
            if let deadline {
                next = min(next ?? deadline, deadline)
            }
        }
        return failure == nil ? next : nil
    }

    private func checkLife() {
        guard let wire, loss == nil else {
            return
        }
        if wire.isDrained {
            loss = lossError("the other side closed it")
        }
        guard let due = nextKeepalive, due.hasPassed, let session = unsafe session else {
            return
        }
        if wire.lastReceived + keepaliveInterval * 4 < .now {
            loss = .connectionLost(endpoint, detail: "no sign of life for \(keepaliveInterval * 4)")
        }
        var seconds: Int32 = 0
        _ = unsafe libssh2_keepalive_send(session, &seconds)
        _ = wire.flush()
        nextKeepalive = .after(keepaliveInterval)
    }

    private func lossError(_ detail: String) -> SSHError {
        switch wire?.endReason {
        case .some(let code) where code != 0: .connectionLost(endpoint, detail: SystemSocket.text(code))
        case 0: .connectionLost(endpoint, detail: "the other side closed it")
        default: .connectionLost(endpoint, detail: detail)
        }
    }

    private func fail(_ error: SSHError) {
        guard failure == nil else {
            return
        }
        failure = error
        failOpening(error)
        let operations = operations
        self.operations = []
        for operation in operations {
            operation.fail(error)
        }
        let services = services
        self.services = [:]
        for service in services.values {
            service.end(error)
        }
    }

    private func release(saysGoodbye: Bool) {
        guard let session = unsafe session, let wire else {
            return
        }
        releaseAgent()
        if saysGoodbye {
            // 11: SSH_DISCONNECT_BY_APPLICATION.
            _ = unsafe libssh2_session_disconnect_ex(session, 11, "done", "")
            _ = wire.flush()
        }
        // With the end in sight the library does not wait for answers to its channel closes.
        wire.end()
        var tries = 0
        while unsafe libssh2_session_free(session) == LIBSSH2_ERROR_EAGAIN, tries < 1000 {
            tries += 1
        }
        unsafe self.session = nil
        self.wire = nil
    }
}
