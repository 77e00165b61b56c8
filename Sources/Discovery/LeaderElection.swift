// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The right to lead, for a time.
///
/// The time is counted on this machine from before the store was asked, so that it ends no later than
/// the store gives the lead to another. A leader must stop leading at ``validUntil`` by itself.
package struct LeaderLease: Sendable, Equatable {
    /// The candidate's address.
    package let holder: String
    /// Larger for each new leader of this cluster; equal as long as one leads without a break.
    package let fence: UInt64
    package let validUntil: ContinuousClock.Instant

    package init(holder: String, fence: UInt64, validUntil: ContinuousClock.Instant) {
        self.holder = holder
        self.fence = fence
        self.validUntil = validUntil
    }

    /// Whether its holder may still act as the leader.
    package var isValid: Bool { ContinuousClock.now < validUntil }
}

/// Who leads, as everybody sees it.
package struct Leader: Sendable, Equatable {
    package let address: String
    /// As ``LeaderLease/fence``.
    package let fence: UInt64

    package init(address: String, fence: UInt64) {
        self.address = address
        self.fence = fence
    }
}

/// A store that can elect one leader a cluster.
///
/// ``campaign(_:ttl:)`` and ``renew(_:)`` are called by one task at a time.
package protocol LeaderElection: Sendable {
    /// Tries once to become the leader, or to stay it.
    ///
    /// - Parameters:
    ///   - candidate: `HOST:PORT` that the others reach it at; no two candidates have the same.
    ///   - ttl: how long it leads without renewing; stores may choose less, and the lease tells.
    /// - Returns: the lease; `nil` when another leads.
    /// - Throws: ``DiscoveryError`` when the store does not answer: the candidate does not know then.
    func campaign(_ candidate: String, ttl: Duration) async throws -> LeaderLease?

    /// Keeps the lead for another time.
    ///
    /// - Returns: a lease with the same fence; `nil` when the lead was lost.
    /// - Throws: ``DiscoveryError``; the old lease stays valid until its time.
    func renew(_ lease: LeaderLease) async throws -> LeaderLease?

    /// Gives the lead up, for another to take it at once.
    ///
    /// - Throws: ``DiscoveryError``; the lead ends with its time then.
    func resign(_ lease: LeaderLease) async throws

    /// The leader now; `nil` while there is none.
    ///
    /// - Throws: ``DiscoveryError``.
    func leader() async throws -> Leader?

    /// Waits until the leader is not `known` any more, at most `duration`.
    ///
    /// - Returns: the leader then.
    /// - Throws: ``DiscoveryError``.
    func leader(after known: Leader?, atMost duration: Duration) async throws -> Leader?
}
