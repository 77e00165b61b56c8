// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import SwarmCore
internal import Synchronization

/// The thread of one session: every call of libssh2 for it is made there.
///
/// A session is not an actor, because its thread waits in `poll` for the network and for callers at
/// the same time. Callers hand in closures; each gets the ``SessionCore``, which never leaves the
/// thread. A call that would block is tried again after each event, so any number of channels make
/// progress side by side. Waiting callers hold no thread.
final class SessionLoop: Sendable {
    typealias Job = @Sendable (SessionCore) -> Void

    private struct Inbox {
        var jobs: [Job] = []
        var waiters: [CheckedContinuation<Void, Never>] = []
        var isFinished = false
    }

    let endpoint: SSHEndpoint
    private let inbox = Mutex(Inbox())
    private let bell: Bell

    /// Starts the thread, which ends after ``stop()``: the caller must see to that.
    init(endpoint: SSHEndpoint, keepaliveInterval: Duration) throws(SSHError) {
        self.endpoint = endpoint
        bell = try Bell(for: endpoint)
        let thread = Thread { [self] in
            let core = SessionCore(endpoint: endpoint, keepaliveInterval: keepaliveInterval)
            run(core)
        }
        thread.name = "ssh \(endpoint.address)"
        thread.start()
    }

    /// Hands `job` to the thread; after the end it is dropped, and the result is false.
    @discardableResult
    func submit(_ job: @escaping Job) -> Bool {
        let isTaken = inbox.withLock { inbox in
            guard !inbox.isFinished else {
                return false
            }
            inbox.jobs.append(job)
            return true
        }
        if isTaken {
            bell.ring()
        }
        return isTaken
    }

    /// Closes the session and ends the thread; whoever waits gets ``SSHError/closed(_:)``.
    func stop() {
        submit { $0.finish() }
    }

    /// Waits, after ``stop()``, until the thread has closed everything.
    func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let isOver = inbox.withLock { inbox in
                if !inbox.isFinished {
                    inbox.waiters.append(continuation)
                }
                return inbox.isFinished
            }
            if isOver {
                continuation.resume()
            }
        }
    }

    /// Takes over a connected socket for the session.
    func adopt(_ socket: Int32) async throws {
        try await perform(deadline: nil, stage: .connect) { core in .done(try core.adopt(socket: socket)) }
    }

    /// Tries `attempt` on the thread until it is done.
    ///
    /// - Parameters:
    ///   - deadline: when it is given up.
    ///   - stage: what is going on, for the message.
    ///   - attempt: must not block; called again after every event.
    /// - Returns: what `attempt` is done with.
    /// - Throws: ``SSHError/timedOut(_:stage:)``, `CancellationError`, the session's failure, or what
    ///   `attempt` throws.
    func perform<Value: Sendable>(
        deadline: Deadline?,
        stage: SSHError.Stage,
        _ attempt: @escaping @Sendable (SessionCore) throws -> Progress<Value>
    ) async throws -> Value {
        let ticket = Ticket()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
                let operation = PendingOperation(
                    ticket: ticket,
                    deadline: deadline,
                    stage: stage,
                    attempt: { core in
                        do {
                            switch try attempt(core) {
                            case .blocked:
                                return false
                            case .done(let value):
                                continuation.resume(returning: value)
                            }
                        } catch {
                            continuation.resume(throwing: error)
                        }
                        return true
                    },
                    fail: { continuation.resume(throwing: $0) }
                )
                if !submit({ $0.start(operation) }) {
                    continuation.resume(throwing: SSHError.closed(endpoint))
                }
            }
        } onCancel: {
            ticket.cancel()
            bell.ring()
        }
    }

    private func run(_ core: SessionCore) {
        while !core.isFinished {
            guard LibraryGate.enter() else {
                // The process exits: nobody waits for an answer any more.
                return
            }
            for job in takeJobs() {
                job(core)
            }
            core.advance()
            LibraryGate.leave()
            if !core.isFinished {
                core.wait(bell)
            }
        }
        let (late, waiters) = inbox.withLock { inbox in
            inbox.isFinished = true
            defer { (inbox.jobs, inbox.waiters) = ([], []) }
            return (inbox.jobs, inbox.waiters)
        }
        // The core has failed for good, so each of them ends at once.
        for job in late {
            job(core)
        }
        for waiter in waiters {
            waiter.resume()
        }
    }

    private func takeJobs() -> [Job] {
        inbox.withLock { inbox in
            defer { inbox.jobs.removeAll(keepingCapacity: true) }
            return inbox.jobs
        }
    }
}

/// How far an attempt came.
enum Progress<Value> {
    case done(Value)
    /// It has to be made again after the next event.
    case blocked
}

/// Whether the caller of an operation went away.
final class Ticket: Sendable {
    private let flag = Atomic(false)

    var isCancelled: Bool { flag.load(ordering: .acquiring) }

    func cancel() {
        flag.store(true, ordering: .releasing)
    }
}

/// A call that waits for the session.
struct PendingOperation: Sendable {
    let ticket: Ticket
    let deadline: Deadline?
    let stage: SSHError.Stage
    /// Returns true after it has answered its caller.
    let attempt: @Sendable (SessionCore) -> Bool
    let fail: @Sendable (any Error) -> Void
}
