// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore
internal import Synchronization

/// Whether this manager may place containers now, and who may when it may not.
///
/// A manager without replication always leads. One with replication leads while it holds a lease whose
/// end it knows on its own clock, which goes on while the process is frozen: the lead ends by itself
/// before another manager can get it, whatever else hangs. So nothing that was decided under a lease
/// goes out after it: ask ``check(_:)`` right before a call that makes a container, and run the whole
/// of it in ``whileLeading(_:)``, which cancels it when the lead ends.
package final class Leadership: Sendable {
    /// One uninterrupted time of leading; larger for each later one, of whichever manager.
    package typealias Term = UInt64

    /// The manager that leads, as far as this one knows.
    package struct Leader: Sendable, Hashable {
        /// `HOST:PORT` that managers reach it at.
        package let address: String
        package let term: Term

        package init(address: String, term: Term) {
            self.address = address
            self.term = term
        }
    }

    private struct State {
        var lease: (term: Term, end: ContinuousClock.Instant)?
        var leader: Leader?
    }

    /// Whether there is no other manager, so that this one leads for ever.
    package let isAlone: Bool
    private let state = Mutex(State())
    /// Told after every change of ``state``.
    private let changes = ChangeSignal()

    private init(isAlone: Bool) {
        self.isAlone = isAlone
    }

    /// Of a manager without replication.
    package static func alone() -> Leadership { Leadership(isAlone: true) }

    /// Of a manager that is elected; it does not lead so far.
    package static func elected() -> Leadership { Leadership(isAlone: false) }

    // MARK: Asking

    /// Whether this manager leads at this instant.
    package var isLeading: Bool { term != nil }

    /// The term that this manager leads in at this instant.
    ///
    /// `nil` when it does not lead; 0 for a manager alone.
    package var term: Term? {
        guard !isAlone else {
            return 0
        }
        let lease = state.withLock { $0.lease }
        // The clock is read after the lease: what is frozen in between sees the later time.
        guard let lease, ContinuousClock.now < lease.end else {
            return nil
        }
        return lease.term
    }

    /// Who leads, as far as is known; `nil` during an election, and for a manager alone.
    package var leader: Leader? { state.withLock { $0.leader } }

    /// Asks for the right to place a container, at this instant.
    ///
    /// - Parameter term: that the decision was made in; `nil` for any.
    /// - Throws: ``LeadershipError/notLeading``, or ``LeadershipError/lost`` when `term` is over.
    package func check(_ term: Term? = nil) throws(LeadershipError) {
        guard let current = self.term else {
            throw term == nil ? .notLeading : .lost
        }
        guard term == nil || term == current else {
            throw .lost
        }
    }

    /// Runs `body`, and cancels it when the lead ends.
    ///
    /// - Parameters:
    ///   - expected: the term that the work belongs to; `nil` for the present one.
    ///   - body: given the term, for ``check(_:)``; must end soon after its task is cancelled.
    /// - Returns: what `body` returns.
    /// - Throws: ``LeadershipError``, or what `body` throws.
    package func whileLeading<Value: Sendable>(
        in expected: Term? = nil,
        _ body: @escaping @Sendable (Term) async throws -> Value
    ) async throws -> Value {
        try check(expected)
        guard let term = expected ?? self.term else {
            throw LeadershipError.notLeading
        }
        guard !isAlone else {
            return try await body(term)
        }
        return try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body(term) }
            group.addTask {
                try await self.waitForEnd(of: term)
                throw LeadershipError.lost
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else {
                throw CancellationError()
            }
            return value
        }
    }

    /// Returns when this manager leads, or the task is cancelled.
    package func waitUntilLeading() async throws {
        while !isLeading {
            let seen = changes.count
            guard !isLeading else {
                return
            }
            try await waitForChange(after: seen)
        }
    }

    /// Waits until something is different from `known`: the leader, its term, or whether this manager leads.
    ///
    /// - Parameters:
    ///   - known: of ``view``.
    ///   - deadline: when to return all the same.
    /// - Throws: `CancellationError`.
    package func waitForChange(from known: View, until deadline: Deadline) async throws {
        while !deadline.hasPassed {
            let seen = changes.count
            guard view == known else {
                return
            }
            do {
                try await withDeadline(deadline, operation: "waiting for a leader") {
                    try await self.waitForChange(after: seen)
                }
            } catch is DeadlineExceeded {
                return
            }
        }
    }

    /// What can change; see ``waitForChange(from:until:)``.
    package struct View: Sendable, Equatable {
        package let isLeading: Bool
        package let leader: Leader?
    }

    /// Both facts at one instant.
    package var view: View { View(isLeading: isLeading, leader: leader) }

    // MARK: Telling

    /// This manager leads in `term` until `end`; called again with a later end for each renewal.
    package func lead(_ leader: Leader, until end: ContinuousClock.Instant) {
        change { state in
            state.lease = (leader.term, end)
            state.leader = leader
        }
    }

    /// This manager does not lead; another does, or, with `nil`, nobody that is known.
    package func follow(_ leader: Leader?) {
        change { state in
            state.lease = nil
            state.leader = leader
        }
    }

    // MARK: Waiting

    private func waitForEnd(of term: Term) async throws {
        while true {
            // Before the lease is read, so that no change after it is missed.
            let seen = changes.count
            let lease = state.withLock { $0.lease }
            guard let lease, lease.term == term, ContinuousClock.now < lease.end else {
                return
            }
            do {
                try await withDeadline(Deadline(lease.end), operation: "leading") {
                    try await self.waitForChange(after: seen)
                }
            } catch is DeadlineExceeded {
                // Unless it was renewed meanwhile, the lead is over.
            }
        }
    }

    private func waitForChange(after seen: UInt64) async throws {
        await changes.wait(after: seen)
        try Task.checkCancellation()
    }

    private func change(_ body: (inout State) -> Void) {
        state.withLock { body(&$0) }
        changes.signal()
    }
}

/// Why a manager may not place a container.
package enum LeadershipError: UserFacingError, Equatable {
    /// Another manager leads, or nobody does at the moment.
    case notLeading
    /// This manager led when the call began, and does not any more.
    case lost

    package var message: String {
        switch self {
        case .notLeading: "this manager does not lead the cluster"
        case .lost:
            "this manager lost the lead of the cluster during the call; look whether it was done before trying again"
        }
    }

    package var kind: ErrorKind { .unreachable }
}
