// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOCore
internal import SwarmCore
internal import Synchronization

/// How many connections to one server there may be, and how long.
package struct PoolLimits: Sendable {
    /// Connections at the same time, streams and hijacked ones included.
    package var total = 2048
    /// Connections kept for the next request.
    package var idle = 16
    /// How long an idle connection is kept.
    package var idleTime = Duration.seconds(60)
    /// How long after its dial a connection may be given another request: then a renewed certificate is shown.
    package var age = Duration.seconds(600)
    /// How long a dial may take, TLS handshake included.
    package var dialTime = Duration.seconds(10)

    package init() {}
}

/// The connections to one server.
final class ConnectionPool: Sendable {
    /// A connection that one request may use.
    struct Lease: Sendable {
        let pipe: BytePipe
        /// Whether an earlier request was sent on it.
        let isReused: Bool
        let dialled: ContinuousClock.Instant
    }

    private struct Idle {
        let pipe: BytePipe
        let timer: Scheduled<Void>
        let dialled: ContinuousClock.Instant
    }

    private struct State {
        var idle: [Idle] = []
        var count = 0
        var isShutDown = false

        mutating func takeIdle(prefersThisThread: Bool) -> Idle? {
            guard prefersThisThread, let index = idle.lastIndex(where: { $0.pipe.channel.eventLoop.inEventLoop }) else {
                return idle.popLast()
            }
            return idle.remove(at: index)
        }
    }

    private let dialer: Dialer
    private let limits: PoolLimits
    private let state = Mutex(State())

    init(dialer: Dialer, limits: PoolLimits) {
        self.dialer = dialer
        self.limits = limits
    }

    /// An idle connection, the one used last first, or a new one.
    ///
    /// - Parameters:
    ///   - deadline: for dialling.
    ///   - prefersThisThread: whether one of the event loop that this runs on is taken before others.
    /// - Returns: what is to be given to ``giveBack(_:isReusable:)``.
    /// - Throws: ``DockerAPIError/tooManyConnections(address:)``, or why it cannot be dialled.
    func lease(deadline: Deadline?, prefersThisThread: Bool) async throws -> Lease {
        while let idle = state.withLock({ $0.takeIdle(prefersThisThread: prefersThisThread) }) {
            let pipe = idle.pipe
            idle.timer.cancel()
            // One that the server has closed, or sent something on, is of no use.
            if pipe.whenEnded(nil), !pipe.hasInput {
                if !prefersThisThread {
                    pipe.readMuch()
                }
                return Lease(pipe: pipe, isReused: true, dialled: idle.dialled)
            }
            pipe.close()
            forget()
        }
        return try await dial(deadline: deadline, onThisThread: prefersThisThread)
    }

    /// A new connection.
    func dial(deadline: Deadline?, onThisThread: Bool = false) async throws -> Lease {
        let isAllowed = state.withLock { state in
            guard state.count < limits.total else {
                return false
            }
            state.count += 1
            return true
        }
        guard isAllowed else {
            throw DockerAPIError.tooManyConnections(address: "\(dialer.address)")
        }
        do {
            let limit = deadline?.capped(at: limits.dialTime) ?? .after(limits.dialTime)
            let pipe = try await dialer.dial(until: limit, onThisThread: onThisThread)
            return Lease(pipe: pipe, isReused: false, dialled: .now)
        } catch {
            forget()
            throw error
        }
    }

    /// Keeps the connection for the next request, or closes it.
    func giveBack(_ lease: Lease, isReusable: Bool) {
        let pipe = lease.pipe
        let isOld = ContinuousClock.now - lease.dialled >= limits.age
        guard isReusable, !isOld, !pipe.hasInput, pipe.whenEnded({ [weak self] in self?.discardIdle(pipe) }) else {
            pipe.close()
            forget()
            return
        }
        let timer = pipe.channel.eventLoop.scheduleTask(deadline: Deadline.after(limits.idleTime).nio) {
            [weak self] () -> Void in
            self?.discardIdle(pipe)
        }
        let surplus = state.withLock { state in
            state.idle.append(Idle(pipe: pipe, timer: timer, dialled: lease.dialled))
            let isTooMany = state.isShutDown || state.idle.count > limits.idle
            return isTooMany ? state.idle.first?.pipe : nil
        }
        if let surplus {
            discardIdle(surplus)
        }
        // The server may have closed before it could be found among the idle ones.
        if pipe.isEnded {
            discardIdle(pipe)
        }
    }

    /// Closes idle connections; those in use are closed when they are given back.
    func shutdown() {
        state.withLock { $0.isShutDown = true }
        closeIdle()
    }

    /// Closes the connections that wait for the next request.
    func closeIdle() {
        let idle = state.withLock { state in
            defer { state.idle = [] }
            return state.idle
        }
        for connection in idle {
            connection.timer.cancel()
            connection.pipe.whenEnded(nil)
            connection.pipe.close()
            forget()
        }
    }

    private func discardIdle(_ pipe: BytePipe) {
        let found = state.withLock { state -> Idle? in
            state.idle.firstIndex { $0.pipe === pipe }.map { state.idle.remove(at: $0) }
        }
        if let found {
            found.timer.cancel()
            pipe.whenEnded(nil)
            pipe.close()
            forget()
        }
    }

    private func forget() {
        state.withLock { $0.count -= 1 }
    }
}
