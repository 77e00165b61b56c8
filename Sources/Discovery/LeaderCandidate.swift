// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Logging
internal import SwarmCore

/// Takes part in the election of a leader, and tells who leads.
///
/// It renews a lease three times in its time, goes on trying while the store fails, also after the
/// lease has run out, and gives the lead up when it is stopped.
package struct LeaderCandidate: Sendable {
    /// What a candidate knows.
    package enum News: Sendable, Equatable {
        /// It leads until ``LeaderLease/validUntil``, which is somewhat before the store's own end.
        case leads(LeaderLease)
        case follows(Leader)
        /// Nobody leads: there will be an election.
        case nobodyLeads
        /// The store fails, in words. A lead that was told goes on until its end, and the last known
        /// leader may go on leading.
        case storeFails(String)
    }

    private let election: any LeaderElection
    private let address: String
    private let ttl: Duration
    private let logger: Logger

    /// The longest wait for one answer of the store, and for the farewell.
    private static let callLimit: Duration = .seconds(5)
    /// The longest wait between two attempts while the store fails.
    private static let backoffLimit: Duration = .seconds(2)

    /// Makes a candidate.
    ///
    /// - Parameters:
    ///   - election: the store.
    ///   - address: `HOST:PORT` that the other managers reach this one at; no two have the same.
    ///   - ttl: how long a leader leads without renewing; at least a second.
    ///   - logger: one line for each change of the lead, and when the store begins to fail.
    package init(election: any LeaderElection, address: String, ttl: Duration, logger: Logger) {
        self.election = election
        self.address = address
        self.ttl = ttl
        self.logger = logger
    }

    /// Takes part until the task is cancelled.
    ///
    /// - Parameter report: called for each change and each renewal, in order. A lead is renewed only when
    ///   it has returned: it must do so in a small part of the lease's time.
    package func run(_ report: @escaping @Sendable (News) async -> Void) async {
        var backoff = Backoff(start: min(.milliseconds(200), ttl / 10), limit: min(Self.backoffLimit, ttl / 4))
        var generator = SystemRandomNumberGenerator()
        var isFailing = false
        while !Task.isCancelled {
            do {
                if let lease = try await call("campaigning", { try await election.campaign(address, ttl: ttl) }) {
                    await lead(lease, report)
                } else {
                    try await follow(report)
                }
                isFailing = false
                backoff.reset()
            } catch {
                guard !Task.isCancelled else {
                    return
                }
                let reason = ErrorReport(error).message
                if !isFailing {
                    logger.warning("election fails", metadata: ["reason": "\(reason)"])
                }
                isFailing = true
                await report(.storeFails(reason))
                try? await ContinuousClock().sleep(for: backoff.next(using: &generator))
            }
        }
    }

    // MARK: Leading

    /// Leads until the lead is lost or the task is cancelled.
    private func lead(_ first: LeaderLease, _ report: @Sendable (News) async -> Void) async {
        logger.info("leads the cluster", metadata: ["term": "\(first.fence)", "address": "\(address)"])
        var lease = first
        var isFailing = false
        await report(.leads(shortened(lease)))
        while true {
            try? await ContinuousClock().sleep(for: isFailing ? ttl / 15 : ttl / 3)
            guard !Task.isCancelled else {
                await report(.nobodyLeads)
                return await resign(lease)
            }
            do {
                let current = lease
                guard let renewed = try await call("renewing", { try await election.renew(current) }) else {
                    logger.warning("lost the lead", metadata: ["term": "\(lease.fence)"])
                    return await report(.nobodyLeads)
                }
                if isFailing {
                    logger.info("keeps the lead", metadata: ["term": "\(lease.fence)"])
                }
                lease = renewed
                isFailing = false
                await report(.leads(shortened(lease)))
            } catch {
                let reason = ErrorReport(error).message
                if !isFailing, !Task.isCancelled {
                    logger.warning("cannot renew the lead", metadata: ["reason": "\(reason)"])
                    await report(.storeFails(reason))
                }
                isFailing = true
            }
        }
    }

    /// The lease with an earlier end: what clocks that do not run alike, and calls on their way, may take.
    private func shortened(_ lease: LeaderLease) -> LeaderLease {
        LeaderLease(holder: lease.holder, fence: lease.fence, validUntil: lease.validUntil - ttl / 10)
    }

    private func resign(_ lease: LeaderLease) async {
        // The task is cancelled, and a cancelled task cannot make calls: this one ends with the call,
        // which has a deadline.
        let farewell = Task {
            try await withDeadline(.after(Self.callLimit), operation: "resigning") {
                try await election.resign(lease)
            }
        }
        do {
            try await farewell.value
            logger.info("resigned", metadata: ["term": "\(lease.fence)"])
        } catch {
            logger.warning("cannot resign", metadata: ["reason": "\(ErrorReport(error).message)"])
        }
    }

    // MARK: Following

    /// Returns when nobody leads.
    private func follow(_ report: @Sendable (News) async -> Void) async throws {
        var known: Leader?
        while let leader = try await current(after: known) {
            if leader != known {
                // A leader with our own address is an earlier run of this manager, whose lease must end.
                await report(leader.address == address ? .nobodyLeads : .follows(leader))
            }
            known = leader
        }
        await report(.nobodyLeads)
    }

    /// The leader; with `known`, after a change or a while, because a stream of changes may have broken
    /// without a sign.
    private func current(after known: Leader?) async throws -> Leader? {
        guard let known else {
            return try await call("asking who leads") { try await election.leader() }
        }
        let time = min(Self.callLimit, ttl / 4)
        return try await withDeadline(.after(time + Self.callLimit), operation: "following the leader") {
            try await election.leader(after: known, atMost: time)
        }
    }

    private func call<Value: Sendable>(
        _ operation: String,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withDeadline(.after(min(Self.callLimit, ttl / 3)), operation: operation, body)
    }
}
