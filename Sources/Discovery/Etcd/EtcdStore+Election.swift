// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import SwarmCore
internal import Synchronization

/// What a candidate holds in etcd.
struct EtcdCandidacy: Sendable {
    let lease: Int64
    let ttl: Duration
}

/// The leader's key belongs to its lease; the fence is the revision that created the key.
extension EtcdStore: LeaderElection {
    package func campaign(_ candidate: String, ttl: Duration) async throws -> LeaderLease? {
        let start = ContinuousClock.now
        let lease = try await grant(ttl)
        let key = JSON.etcd(layout.leader)
        let isFree: JSON = ["target": "CREATE", "result": "EQUAL", "key": key, "create_revision": "0"]
        let put: JSON = ["request_put": ["key": key, "value": .etcd(candidate), "lease": .etcd(lease)]]
        let get: JSON = ["request_range": ["key": key]]
        do {
            // The answer to a call that was repeated does not tell who won: the key's lease does.
            _ = try await client.call("/v3/kv/txn", ["compare": [isFree], "success": [put], "failure": [get]])
        } catch EtcdRefusal.notFound {
            return nil
        }
        guard let pair = try await leaderPair(), pair.etcdNumber("lease") == lease else {
            try await revoke(lease)
            return nil
        }
        let fence = UInt64(clamping: pair.etcdNumber("create_revision"))
        candidacies.withLock { $0[fence] = EtcdCandidacy(lease: lease, ttl: ttl) }
        return LeaderLease(holder: candidate, fence: fence, validUntil: start + ttl)
    }

    package func renew(_ lease: LeaderLease) async throws -> LeaderLease? {
        guard let candidacy = candidacies.withLock({ $0[lease.fence] }) else {
            return nil
        }
        let start = ContinuousClock.now
        let seconds = try await keepAlive(candidacy.lease)
        guard seconds > 0, let pair = try await leaderPair(), pair.etcdNumber("lease") == candidacy.lease else {
            _ = candidacies.withLock { $0.removeValue(forKey: lease.fence) }
            return nil
        }
        let validity = min(candidacy.ttl, .seconds(seconds))
        return LeaderLease(holder: lease.holder, fence: lease.fence, validUntil: start + validity)
    }

    package func resign(_ lease: LeaderLease) async throws {
        guard let candidacy = candidacies.withLock({ $0.removeValue(forKey: lease.fence) }) else {
            return
        }
        // The key goes with its lease.
        try await revoke(candidacy.lease)
    }

    package func leader() async throws -> Leader? {
        try await leaderPair().map(Self.leader)
    }

    package func leader(after known: Leader?, atMost duration: Duration) async throws -> Leader? {
        let end = ContinuousClock.now + duration
        while true {
            let answer = try await client.call("/v3/kv/range", ["key": .etcd(layout.leader)])
            let now = answer["kvs"]?.elements.first.map(Self.leader)
            let left = end - ContinuousClock.now
            guard now == known, left > .zero else {
                return now
            }
            let watch = EtcdWatch(client: client, key: layout.leader, rangeEnd: nil, revision: answer.revision + 1)
            try await watch.run(silence: min(left, Self.longestSilence)) { _ in false }
        }
    }

    private func leaderPair() async throws -> JSON? {
        try await client.call("/v3/kv/range", ["key": .etcd(layout.leader)])["kvs"]?.elements.first
    }

    private static func leader(_ pair: JSON) -> Leader {
        Leader(address: pair.etcdText("value") ?? "", fence: UInt64(clamping: pair.etcdNumber("create_revision")))
    }
}
