// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import SwarmCore
import Testing

/// Electing a leader, on real servers.
@Suite("Leader election", .serialized)
struct StoreElectionTests {
    static let ttl: Duration = .seconds(10)

    @Test("one of many leads, keeps the lead, and gives it to another", arguments: StoreServer.plain)
    func campaign(server: StoreServer) async throws {
        let cluster = StoreServer.newCluster()
        var candidates: [any DiscoveryStore & LeaderElection & DocumentStore] = []
        for _ in 0..<5 { candidates.append(try await server.store(cluster)) }
        #expect(try await candidates[0].leader() == nil)

        let leases = try await withThrowingTaskGroup(of: (Int, LeaderLease?).self) { group in
            for (number, candidate) in candidates.enumerated() {
                group.addTask { (number, try await candidate.campaign("10.0.0.\(number):3376", ttl: Self.ttl)) }
            }
            return try await group.reduce(into: [Int: LeaderLease]()) { $0[$1.0] = $1.1 }
        }
        #expect(leases.count == 1)
        let (winner, lease) = try #require(leases.first)
        let follower = candidates[(winner + 1) % 5]
        #expect(lease.isValid && lease.validUntil <= ContinuousClock.now + Self.ttl)
        #expect(try await follower.leader() == Leader(address: "10.0.0.\(winner):3376", fence: lease.fence))

        let renewed = try #require(try await candidates[winner].renew(lease))
        #expect(renewed.fence == lease.fence && renewed.validUntil > lease.validUntil)
        #expect(try await follower.campaign("10.0.1.1:3376", ttl: Self.ttl) == nil)

        try await candidates[winner].resign(renewed)
        let next = try #require(try await follower.campaign("10.0.1.1:3376", ttl: Self.ttl))
        #expect(next.fence > lease.fence)
        #expect(try await candidates[winner].renew(renewed) == nil)
        try await follower.resign(next)
    }

    @Test("a leader that is not heard of loses the lead after its lease, not before")
    func silentLeader() async throws {
        try await atOnce(StoreServer.plain) { server in
            let cluster = StoreServer.newCluster()
            let silent = try await server.store(cluster)
            let follower = try await server.store(cluster)
            // Consul keeps sessions for ten seconds at least.
            let ttl: Duration = server.kind == .consul ? .seconds(10) : .seconds(3)
            let lease = try #require(try await silent.campaign("10.0.0.1:3376", ttl: ttl))
            let known = try await follower.leader()
            #expect(known == Leader(address: "10.0.0.1:3376", fence: lease.fence))

            var now = known
            let end = ContinuousClock.now + .seconds(90)
            while now != nil, ContinuousClock.now < end {
                now = try await answered(now) { try await follower.leader(after: known, atMost: .seconds(5)) }
            }
            #expect(now == nil)
            #expect(!lease.isValid, "the store gave the lead away while its holder could still act")
            var next: LeaderLease?
            while next == nil, ContinuousClock.now < end {
                next = try await answered(nil) { try await follower.campaign("10.0.0.2:3376", ttl: ttl) }
            }
            #expect(try #require(next).fence > lease.fence)
            #expect(try await silent.renew(lease) == nil)
        }
    }

    @Test("what one manager keeps all of its cluster read; it is replaced and removed", arguments: StoreServer.plain)
    func documents(server: StoreServer) async throws {
        let cluster = StoreServer.newCluster()
        let first = try await server.store(cluster)
        let second = try await server.store(cluster)
        let stranger = try await server.store(StoreServer.newCluster())
        #expect(try await first.documents(in: "nodes").isEmpty)

        try await first.setDocument("10.0.0.1:2376", in: "nodes", to: "cordoned")
        try await second.setDocument("10.0.0.2:2376", in: "nodes", to: "draining")
        try await second.setDocument("10.0.0.1:2376", in: "nodes", to: "draining")
        #expect(try await first.documents(in: "nodes") == ["10.0.0.1:2376": "draining", "10.0.0.2:2376": "draining"])
        #expect(try await stranger.documents(in: "nodes").isEmpty)

        try await first.setDocument("10.0.0.1:2376", in: "nodes", to: nil)
        try await first.setDocument("10.0.0.1:2376", in: "nodes", to: nil)
        #expect(try await second.documents(in: "nodes") == ["10.0.0.2:2376": "draining"])
        #expect(try await first.entries().isEmpty, "documents are no members")
    }

    /// What the store says; `unknown` when a busy machine kept it from answering in time.
    private func answered<Value>(_ unknown: Value, _ ask: () async throws -> Value) async throws -> Value {
        do {
            return try await ask()
        } catch let error as DiscoveryError where error.kind == .unreachable {
            return unknown
        }
    }
}
