// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore
internal import Synchronization

/// What a candidate holds in Consul.
struct ConsulCandidacy: Sendable {
    let session: String
    /// How long Consul keeps the session at least.
    let time: Duration
}

/// The leader's key is locked by its session; the fence is the index of the write that locked it.
extension ConsulStore: LeaderElection {
    package func campaign(_ candidate: String, ttl: Duration) async throws -> LeaderLease? {
        // Who holds a lock keeps it: looking first saves a session at each try.
        guard try await client.get(layout.leader).pair?.session == nil else {
            return nil
        }
        let start = ContinuousClock.now
        let time = Self.sessionTime(ttl)
        let session = try await client.createSession(time: time, behavior: "release", lockDelay: "1s")
        _ = try await client.acquire(layout.leader, candidate, session: session)
        guard let pair = try await client.get(layout.leader).pair, pair.session == session else {
            try await client.destroySession(session)
            return nil
        }
        candidacies.withLock { $0[pair.modifyIndex] = ConsulCandidacy(session: session, time: time) }
        return LeaderLease(holder: candidate, fence: pair.modifyIndex, validUntil: start + min(ttl, time))
    }

    package func renew(_ lease: LeaderLease) async throws -> LeaderLease? {
        guard let candidacy = candidacies.withLock({ $0[lease.fence] }) else {
            return nil
        }
        let start = ContinuousClock.now
        guard try await client.renewSession(candidacy.session),
            try await client.get(layout.leader).pair?.session == candidacy.session
        else {
            _ = candidacies.withLock { $0.removeValue(forKey: lease.fence) }
            return nil
        }
        return LeaderLease(holder: lease.holder, fence: lease.fence, validUntil: start + candidacy.time)
    }

    package func resign(_ lease: LeaderLease) async throws {
        guard let candidacy = candidacies.withLock({ $0.removeValue(forKey: lease.fence) }) else {
            return
        }
        // A lock that is released, rather than lost with its session, is free at once.
        _ = try await client.release(layout.leader, lease.holder, session: candidacy.session)
        try await client.destroySession(candidacy.session)
    }

    package func leader() async throws -> Leader? {
        Self.leader(try await client.get(layout.leader).pair)
    }

    package func leader(after known: Leader?, atMost duration: Duration) async throws -> Leader? {
        let end = ContinuousClock.now + duration
        var index = 0
        while true {
            let wait = min(max(.zero, end - ContinuousClock.now), Self.longestWait)
            let (pair, next) = try await client.get(layout.leader, after: index, wait: wait)
            let now = Self.leader(pair)
            guard now == known, end > ContinuousClock.now else {
                return now
            }
            index = Self.index(after: index, next: next)
        }
    }

    private static func leader(_ pair: ConsulPair?) -> Leader? {
        guard let pair, pair.session != nil else {
            return nil
        }
        return Leader(address: pair.value, fence: pair.modifyIndex)
    }
}
