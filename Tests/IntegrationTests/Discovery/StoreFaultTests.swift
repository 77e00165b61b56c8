// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import Logging
import SwarmCore
import Testing

/// What every store must stand, on a real server.
@Suite("Discovery stores with faults", .serialized)
struct StoreFaultTests {
    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func agent(_ store: any DiscoveryStore, _ address: String) -> JoinAgent {
        JoinAgent(store: store, address: address, heartbeat: .seconds(20), ttl: .seconds(60), logger: quiet)
    }

    @Test("an agent whose registration is removed is back within three seconds", arguments: StoreServer.plain)
    func removedRegistration(server: StoreServer) async throws {
        let cluster = StoreServer.newCluster()
        let store = try await server.store(cluster)
        let other = try await server.store(cluster)
        let observed = Observed<[String]>()

        try await withBackground {
            await agent(store, "10.0.0.1:2376").run()
        } _: {
            try await withBackground {
                try await other.watch { await observed.add($0) }
            } _: {
                try await observed.wait(for: "the agent is seen") { $0.count == 1 }
                try await other.deregister("10.0.0.1:2376")
                try await observed.wait(for: "it is gone") { $0 == [] }
                try await observed.wait(.seconds(3), for: "it is back") { $0.count == 1 }
            }
        }
        // The agent was stopped, and says good-bye.
        try await expectEventually("the agent has left") { try await other.entries() == [] }
    }

    @Test("a restart of the server loses no member, and changes are seen after it", arguments: StoreServer.plain)
    func restart(server: StoreServer) async throws {
        let cluster = StoreServer.newCluster()
        let store = try await server.store(cluster)
        let other = try await server.store(cluster)
        let observed = Observed<MemberFeed.Update>()
        let feed = MemberFeed(store: other, logger: quiet)
        let (updates, continuation) = AsyncStream<MemberFeed.Update>.makeStream()

        try await withBackground {
            for await update in updates { await observed.add(update) }
        } _: {
            try await withBackground {
                await feed.run { continuation.yield($0) }
            } _: {
                try await withBackground {
                    await agent(store, "10.0.0.1:2376").run()
                } _: {
                    try await observed.wait(for: "the agent is seen") { $0 == .members(["10.0.0.1:2376"]) }
                    try await server.stop(isKilled: true)
                    _ = try await server.start()
                    try await other.registerPatiently("10.0.0.2:2376")
                    try await observed.wait(for: "a new member is seen") {
                        $0 == .members(["10.0.0.1:2376", "10.0.0.2:2376"])
                    }
                    try await expectEventually("both are members") {
                        try await other.entries() == ["10.0.0.1:2376", "10.0.0.2:2376"]
                    }
                }
            }
        }
        let lists = await observed.values.compactMap { update -> [String]? in
            guard case .members(let list) = update else { return nil }
            return list
        }
        #expect(!lists.drop { $0.isEmpty }.contains([]), "the members were never gone: \(lists)")
    }

    @Test("a watch goes on after etcd has compacted its history")
    func compaction() async throws {
        let server = StoreServer(kind: .etcd)
        let store = try await server.store()
        let observed = Observed<[String]>()

        try await withBackground {
            // A watch ends with the store; a manager's feed begins a new one.
            while true {
                try? await store.watch { await observed.add($0) }
                try await ContinuousClock().sleep(for: .milliseconds(200))
            }
        } _: {
            try await observed.wait(for: "the empty list is seen") { $0 == [] }
            for number in 1...20 {
                try await store.register("10.0.0.\(number):2376", ttl: .seconds(60))
            }
            try await server.compact()
            // The stream breaks, and the revision to go on from is gone.
            try await server.stop()
            _ = try await server.start()
            try await store.registerPatiently("10.0.0.21:2376")
            try await server.compact()
            try await observed.wait(for: "all are seen") { $0.count == 21 }
        }
    }

    @Test("TLS with a client's certificate and credentials works", arguments: StoreServer.secured)
    func secured(server: StoreServer) async throws {
        let store = try await server.store()
        let observed = Observed<[String]>()

        try await withBackground {
            try await store.watch { await observed.add($0) }
        } _: {
            try await store.register("10.0.0.1:2376", ttl: .seconds(20))
            try await observed.wait(for: "it is seen") { $0 == ["10.0.0.1:2376"] }
        }
        let lease = try #require(try await store.campaign("10.0.0.9:3376", ttl: .seconds(20)))
        #expect(try await store.leader() == Leader(address: "10.0.0.9:3376", fence: lease.fence))
        try await store.resign(lease)
    }

    @Test("wrong credentials are denied, and the error says so", arguments: StoreServer.secured)
    func wrongCredentials(server: StoreServer) async throws {
        let cluster = StoreServer.newCluster()
        try await server.store(cluster).register("10.0.0.1:2376", ttl: .seconds(20))
        let secret = server.kind == .consul ? "kv.token" : "kv.password"
        let wrong = try await server.store(cluster, changes: [secret: "5e1f0d50-0000-4000-8000-00000000000f"])

        let listing = try await #require(throws: DiscoveryError.self) { try await wrong.entries() }
        #expect(listing.kind == .denied, "\(listing.message)")
        let joining = try await #require(throws: DiscoveryError.self) {
            try await wrong.register("10.0.0.2:2376", ttl: .seconds(20))
        }
        #expect(joining.kind == .denied, "\(joining.message)")
    }

    @Test(
        "a server of another authority, and a client without a certificate, are refused",
        arguments: StoreServer.secured
    )
    func wrongAuthority(server: StoreServer) async throws {
        let folder = try await server.folder()
        let distrusting = try await server.store(changes: ["kv.cacertfile": folder + "/other-ca.pem"])
        let anonymous = try await server.store(changes: ["kv.certfile": nil, "kv.keyfile": nil])

        for store in [distrusting, anonymous] {
            let error = try await #require(throws: DiscoveryError.self) { try await store.entries() }
            #expect(error.kind == .unreachable, "\(error.message)")
        }
    }
}

extension DiscoveryStore {
    /// Registers as an agent does: again and again until the store answers.
    func registerPatiently(_ address: String) async throws {
        try await expectEventually("\(address) is registered") {
            do {
                try await register(address, ttl: .seconds(60))
                return true
            } catch let error as DiscoveryError where error.kind == .unreachable || error.kind == .failed {
                return false
            }
        }
    }
}

/// Looks again and again for up to 20 s: for what nobody tells of.
func expectEventually(_ what: Comment, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < end {
        if try await condition() { return }
        try await ContinuousClock().sleep(for: .milliseconds(100))
    }
    Issue.record(what)
}
