// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore
internal import Synchronization

/// The leader's node belongs to its session; the fence is the transaction that created it.
extension ZooKeeperStore: LeaderElection {
    package func campaign(_ candidate: String, ttl: Duration) async throws -> LeaderLease? {
        try await understood {
            let start = ContinuousClock.now
            let session = try await connect(timeout: ttl)
            do {
                try await create(path, candidate, session)
            } catch ZooKeeperError.nodeExists {
                try await session.end()
                return nil
            }
            let held = min(ttl, await session.timeout)
            guard let stat = try await session.stat(path), await stat.owner == session.identity.id else {
                return nil
            }
            let fence = UInt64(clamping: stat.created)
            candidacies.withLock { $0[fence] = session }
            return LeaderLease(holder: candidate, fence: fence, validUntil: start + held)
        }
    }

    package func renew(_ lease: LeaderLease) async throws -> LeaderLease? {
        guard let session = candidacies.withLock({ $0[lease.fence] }) else {
            return nil
        }
        let start = ContinuousClock.now
        do {
            // The call keeps the session alive too.
            if let stat = try await session.stat(path), await stat.owner == session.identity.id {
                return LeaderLease(
                    holder: lease.holder,
                    fence: lease.fence,
                    validUntil: start + (await session.timeout)
                )
            }
        } catch ZooKeeperError.sessionExpired {
            // Lost, below.
        } catch {
            try Task.checkCancellation()
            return try await takeUp(lease, session)
        }
        _ = candidacies.withLock { $0.removeValue(forKey: lease.fence) }
        return nil
    }

    /// Renews on a new connection after the old one broke.
    private func takeUp(_ lease: LeaderLease, _ old: ZooKeeperSession) async throws -> LeaderLease? {
        try await understood {
            let start = ContinuousClock.now
            do {
                let session = try await connect(timeout: await old.timeout, known: old.identity)
                candidacies.withLock { $0[lease.fence] = session }
                if let stat = try await session.stat(path), await stat.owner == session.identity.id {
                    let end = start + (await session.timeout)
                    return LeaderLease(holder: lease.holder, fence: lease.fence, validUntil: end)
                }
            } catch ZooKeeperError.sessionExpired {
                // Lost, below.
            }
            _ = candidacies.withLock { $0.removeValue(forKey: lease.fence) }
            return nil
        }
    }

    package func resign(_ lease: LeaderLease) async throws {
        guard let session = candidacies.withLock({ $0.removeValue(forKey: lease.fence) }) else {
            return
        }
        try await understood { try await session.end() }
    }

    package func leader() async throws -> Leader? {
        try await leader(after: nil, atMost: .zero)
    }

    package func leader(after known: Leader?, atMost duration: Duration) async throws -> Leader? {
        try await understood {
            let end = ContinuousClock.now + duration
            let session = try await connect(timeout: Self.shortSession)
            while true {
                // The watch is set before the node is read, so that no change is missed.
                _ = try await session.stat(path, watches: true)
                let now = try await session.data(path).map {
                    Leader(address: $0.value, fence: UInt64(clamping: $0.stat.created))
                }
                guard now == known, end > ContinuousClock.now else {
                    try await session.end()
                    return now
                }
                try await session.waitForEvent(atMost: end - ContinuousClock.now)
            }
        }
    }

    private var path: String { "/" + layout.leader }
}
