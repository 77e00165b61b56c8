// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import Foundation
import Logging
import SwarmCore
import Testing

/// What every store must do, on a real server.
@Suite("Discovery stores", .serialized)
struct StoreConformanceTests {
    /// Longer than half of it are the shortest sessions that every store can keep.
    static let ttl: Duration = .seconds(20)

    @Test("a member is listed once, and gone when it leaves", arguments: StoreServer.all)
    func registerAndLeave(server: StoreServer) async throws {
        try await server.timed("register, leave") {
            let store = try await server.members()

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
    }

    @Test("an agent that died and comes back is a member without a gap", arguments: StoreServer.all)
    func takeOver(server: StoreServer) async throws {
        try await server.timed("reborn agent") {
            let cluster = StoreServer.newCluster()
            let dead = try await server.members(cluster)
            let reborn = try await server.members(cluster)
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
    }

    @Test("a watch tells of members that come and go", arguments: StoreServer.all)
    func watch(server: StoreServer) async throws {
        try await server.timed("watch add/remove") {
            let store = try await server.members()
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
    }

    @Test("a member that is not heard of expires, and not before its time")
    func expiry() async throws {
        try await atOnce(StoreServer.all) { server in
            let store = try await server.members()
            let observed = Observed<[String]>()
            // The shortest time of the store: Consul keeps sessions for ten seconds at least.
            let ttl: Duration = server.kind == .consul ? .seconds(20) : .seconds(3)
            let start = ContinuousClock.now

            try await withBackground {
                try await store.watch { await observed.add($0) }
            } _: {
                try await store.register("10.0.0.1:2376", ttl: ttl)
                try await observed.wait(for: "it is seen") { $0 == ["10.0.0.1:2376"] }
                try await observed.wait(.seconds(60), for: "it expires") { $0 == [] }
            }
            let time = ContinuousClock.now - start
            server.note("expire (TTL \(ttl.components.seconds) s)", time)
            #expect(time > ttl * 0.45 && time < ttl * 2 + .seconds(10), "\(server.kind): \(time)")
        }
    }

    @Test("two clusters in one store do not see each other", arguments: StoreServer.all)
    func prefixes(server: StoreServer) async throws {
        try await server.timed("prefix isolation") {
            let one = StoreServer.newCluster()
            // Its name begins with the other's.
            let stores = [try await server.members(one), try await server.members(one + "1")]
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
    }

    @Test("a thousand agents join within a second and are seen", arguments: StoreServer.all)
    func thousand(server: StoreServer) async throws {
        _ = try await server.start()
        let cluster = StoreServer.newCluster()
        let watching = try await server.members(cluster)
        let observed = Observed<[String]>()
        let addresses = (0..<1000).map { "10.1.\($0 / 250).\($0 % 250 + 1):2376" }
        let url = try DiscoveryURL(parsing: try await server.url(of: cluster))
        let options = try await server.options()

        try await withBackground {
            try await watching.watch { await observed.add($0) }
        } _: {
            try await observed.wait(for: "the empty list is seen") { $0 == [] }
            let start = ContinuousClock.now
            try await withBackground {
                await withDiscardingTaskGroup { group in
                    for address in addresses {
                        group.addTask {
                            // As processes of their own: each with its own connections.
                            guard let store = try? url.store(options: options) else { return }
                            let agent = JoinAgent(
                                store: store,
                                address: .fixed(address),
                                heartbeat: .seconds(60),
                                ttl: .seconds(180),
                                logger: .quiet
                            )
                            await agent.run(delay: .seconds(1))
                        }
                    }
                }
            } _: {
                try await observed.wait(.seconds(60), for: "all are seen") { $0.count == 1000 }
                server.note("1,000 join, --delay 1s", ContinuousClock.now - start)
            }
            server.note("1,000 join and leave", ContinuousClock.now - start)
        }
        #expect(await observed.values.contains(addresses.sorted()))
    }

    @Test("a server that does not answer is passed over", arguments: StoreServer.all)
    func failOver(server: StoreServer) async throws {
        try await server.timed("endpoint fail-over") {
            let store = try await server.members(servers: "127.0.0.1:1,@,127.0.0.1:2")

            try await store.register("10.0.0.1:2376", ttl: Self.ttl)
            #expect(try await store.entries() == ["10.0.0.1:2376"])
            let none = try await server.members(servers: "127.0.0.1:1,127.0.0.1:2")
            await #expect(throws: DiscoveryError.self) { try await none.entries() }
        }
    }

    @Test("a file is watched, its loss is told and freezes the members, and it heals")
    func file() async throws {
        let path = NSTemporaryDirectory() + "swarmctl-nodes-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        @Sendable func write(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }
        let store = try DiscoveryURL(parsing: "file://" + path).store(options: DiscoveryOptions())
        let observed = Observed<MemberFeed.Update>()
        let (updates, continuation) = AsyncStream<MemberFeed.Update>.makeStream()
        try write("# a rack\n10.0.0.[1:2]:2376\n")

        try await withBackground {
            for await update in updates { await observed.add(update) }
        } _: {
            try await withBackground {
                await MemberFeed(store: store, logger: .quiet).run { continuation.yield($0) }
            } _: {
                let both = MemberFeed.Update.members(["10.0.0.1:2376", "10.0.0.2:2376"])
                try await observed.wait(for: "both are seen") { $0 == both }
                let start = ContinuousClock.now
                try write("10.0.0.2:2376\n")
                try await observed.wait(for: "one is gone") { $0 == .members(["10.0.0.2:2376"]) }
                StoreServer.note("watch add/remove", "file", ContinuousClock.now - start)
                try FileManager.default.removeItem(atPath: path)
                try await observed.wait(for: "the loss is told") { $0 != .members(["10.0.0.2:2376"]) }
                let back = ContinuousClock.now
                try write("10.0.0.[1:2]:2376\n")
                try await observed.wait(for: "both are seen again") { $0 == both }
                StoreServer.note("back after a restart", "file", ContinuousClock.now - back)
            }
        }
        #expect(await !observed.values.contains(.members([])))
    }
}
