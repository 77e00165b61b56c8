// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import Logging
import SwarmCore
import Testing

/// What every store must do, on a real server.
@Suite("Discovery stores", .serialized)
struct StoreConformanceTests {
    /// Longer than half of it are the shortest sessions that every store can keep.
    static let ttl: Duration = .seconds(20)

    @Test("a member is listed once, and gone when it leaves", arguments: StoreServer.plain)
    func registerAndLeave(server: StoreServer) async throws {
        let store = try await server.store()

        #expect(try await store.entries() == [])
        try await store.register("10.0.0.2:2376", ttl: Self.ttl)
        try await store.register("10.0.0.1:2376", ttl: Self.ttl)
        try await store.register("10.0.0.2:2376", ttl: Self.ttl)
        try await store.register("[fd00::1]:2376", ttl: Self.ttl)
        #expect(try await store.entries() == ["10.0.0.1:2376", "10.0.0.2:2376", "[fd00::1]:2376"])
        try await store.deregister("10.0.0.2:2376")
        try await store.deregister("10.0.0.2:2376")
        #expect(try await store.entries() == ["10.0.0.1:2376", "[fd00::1]:2376"])
    }

    @Test("an agent that died and comes back is a member without a gap", arguments: StoreServer.plain)
    func takeOver(server: StoreServer) async throws {
        let cluster = StoreServer.newCluster()
        let dead = try await server.store(cluster)
        let reborn = try await server.store(cluster)
        let observed = Observed<[String]>()

        try await dead.register("10.0.0.1:2376", ttl: Self.ttl)
        try await withBackground {
            try await reborn.watch { await observed.add($0) }
        } _: {
            try await observed.wait(for: "the member is seen") { $0.count == 1 }
            try await reborn.register("10.0.0.1:2376", ttl: Self.ttl)
            try await reborn.register("10.0.0.2:2376", ttl: Self.ttl)
            try await observed.wait(for: "the next is seen") { $0.count == 2 }
        }
        #expect(await observed.values == [["10.0.0.1:2376"], ["10.0.0.1:2376", "10.0.0.2:2376"]])
    }

    @Test("a watch tells of members that come and go", arguments: StoreServer.plain)
    func watch(server: StoreServer) async throws {
        let store = try await server.store()
        let observed = Observed<[String]>()

        try await withBackground {
            try await store.watch { await observed.add($0) }
        } _: {
            try await observed.wait(for: "the empty list is seen") { $0 == [] }
            try await store.register("10.0.0.1:2376", ttl: Self.ttl)
            try await observed.wait(for: "it is seen") { $0 == ["10.0.0.1:2376"] }
            try await store.register("10.0.0.2:2376", ttl: Self.ttl)
            try await observed.wait(for: "both are seen") { $0 == ["10.0.0.1:2376", "10.0.0.2:2376"] }
            try await store.deregister("10.0.0.1:2376")
            try await observed.wait(for: "one is seen to leave") { $0 == ["10.0.0.2:2376"] }
        }
    }

    @Test("a member that is not heard of expires, and not before its time", arguments: StoreServer.plain)
    func expiry(server: StoreServer) async throws {
        let store = try await server.store()
        let observed = Observed<[String]>()
        // The shortest time of the store: Consul keeps sessions for ten seconds at least.
        let ttl: Duration = server.kind == .consul ? .seconds(20) : .seconds(3)
        let start = ContinuousClock.now

        try await withBackground {
            try await store.watch { await observed.add($0) }
        } _: {
            try await store.register("10.0.0.1:2376", ttl: ttl)
            try await observed.wait(for: "it is seen") { $0 == ["10.0.0.1:2376"] }
            try await observed.wait(.seconds(30), for: "it expires") { $0 == [] }
        }
        #expect(ContinuousClock.now - start > ttl * 0.45)
        #expect(ContinuousClock.now - start < ttl * 2 + .seconds(3))
    }

    @Test("two clusters in one store do not see each other", arguments: StoreServer.plain)
    func prefixes(server: StoreServer) async throws {
        let one = StoreServer.newCluster()
        // Its name begins with the other's.
        let stores = [try await server.store(one), try await server.store(one + "1")]
        let observed = Observed<[String]>()

        try await withBackground {
            try await stores[0].watch { await observed.add($0) }
        } _: {
            try await stores[1].register("10.0.1.1:2376", ttl: Self.ttl)
            try await stores[0].register("10.0.0.1:2376", ttl: Self.ttl)
            try await observed.wait(for: "its own is seen") { $0 == ["10.0.0.1:2376"] }
        }
        #expect(try await stores[1].entries() == ["10.0.1.1:2376"])
        #expect(await !observed.values.joined().contains("10.0.1.1:2376"))
    }

    @Test("a thousand members join and are seen", arguments: StoreServer.plain)
    func thousand(server: StoreServer) async throws {
        let store = try await server.store()
        let observed = Observed<[String]>()
        let addresses = (0..<1000).map { "10.1.\($0 / 250).\($0 % 250 + 1):2376" }
        let start = ContinuousClock.now

        try await withBackground {
            try await store.watch { await observed.add($0) }
        } _: {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for address in addresses {
                    group.addTask { try await store.register(address, ttl: .seconds(60)) }
                }
                try await group.waitForAll()
            }
            try await observed.wait(for: "all are seen") { $0.count == 1000 }
        }
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(try await store.entries() == addresses.sorted())
    }

    @Test("a server that does not answer is passed over", arguments: StoreServer.plain)
    func failOver(server: StoreServer) async throws {
        let store = try await server.store(servers: "127.0.0.1:1,@,127.0.0.1:2")

        try await store.register("10.0.0.1:2376", ttl: Self.ttl)
        #expect(try await store.entries() == ["10.0.0.1:2376"])
        let none = try await server.store(servers: "127.0.0.1:1,127.0.0.1:2")
        await #expect(throws: DiscoveryError.self) { try await none.entries() }
    }
}
