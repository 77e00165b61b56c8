// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import DockerAPI
import Logging
import SwarmCore
import Synchronization
import Testing

/// The agent and the client of `swarm://` against the server side, over a real connection.
struct RemoteStoreTests {
    private let folder = TemporaryFolder()
    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("members registered from elsewhere are listed and watched")
    func registerAndWatch() async throws {
        let members = try EmbeddedMembers(folder: folder.path)
        let server = DiscoveryServer(EmbeddedAPI(members: members, logger: quiet))
        try await server.start()
        let store = server.store()
        try await store.register("10.0.0.1:2376", ttl: .seconds(60))
        #expect(try await store.entries() == ["10.0.0.1:2376"])
        #expect(try await server.store(cluster: "other").entries().isEmpty)

        let (seen, continuation) = AsyncStream<[String]>.makeStream()
        let watch = Task { try await store.watch { continuation.yield($0) } }
        var updates = seen.makeAsyncIterator()
        #expect(await updates.next() == ["10.0.0.1:2376"])
        try await store.register("10.0.0.2:2376", ttl: .seconds(60))
        #expect(await updates.next() == ["10.0.0.1:2376", "10.0.0.2:2376"])
        try await store.deregister("10.0.0.1:2376")
        #expect(await updates.next() == ["10.0.0.2:2376"])

        watch.cancel()
        try await server.stop()
    }

    @Test("the agent registers at once, again when the store has lost it or was away, and leaves when stopped")
    func agent() async throws {
        let members = try EmbeddedMembers(folder: folder.path)
        let server = DiscoveryServer(EmbeddedAPI(members: members, logger: quiet))
        try await server.start()
        let agent = JoinAgent(
            store: server.store(),
            address: .fixed("10.0.0.1:2376"),
            heartbeat: .seconds(60),
            ttl: .seconds(180),
            logger: quiet
        )
        let running = Task { await agent.run() }
        try await wait { members.contains("10.0.0.1:2376", in: "lab") }

        try await members.deregister("10.0.0.1:2376", in: "lab")
        try await wait { members.contains("10.0.0.1:2376", in: "lab") }

        try await server.stop()
        try await members.deregister("10.0.0.1:2376", in: "lab")
        try await server.start()
        try await wait { members.contains("10.0.0.1:2376", in: "lab") }

        running.cancel()
        await running.value
        #expect(!members.contains("10.0.0.1:2376", in: "lab"))
        try await server.stop()
    }

    @Test("a store that does not answer is unreachable")
    func unreachable() async throws {
        let members = try EmbeddedMembers(folder: folder.path)
        let server = DiscoveryServer(EmbeddedAPI(members: members, logger: quiet))
        try await server.start()
        let store = server.store()
        try await server.stop()

        let error = await #expect(throws: DiscoveryError.self) { try await store.entries() }

        #expect(error?.kind == .unreachable)
    }

    @Test("a file is read with comments and ranges, watched, and its loss freezes the members")
    func file() async throws {
        let path = folder.path + "/nodes"
        try AtomicFile.write("# rack 1\n10.0.0.[1:2]:2376 # two\n\n  n3:2376\n", to: path)
        let feed = MemberFeed(store: FileStore(path: path, interval: .milliseconds(20)), logger: quiet)
        let (seen, continuation) = AsyncStream<MemberFeed.Update>.makeStream()
        let running = Task { await feed.run { continuation.yield($0) } }
        var updates = seen.makeAsyncIterator()
        #expect(await updates.next() == .members(["10.0.0.1:2376", "10.0.0.2:2376", "n3:2376"]))

        try AtomicFile.write("n3:2376\n", to: path)
        #expect(await updates.next() == .members(["n3:2376"]))

        try AtomicFile.write("", to: path)
        guard case .failed = await updates.next() else {
            Issue.record("an empty list is no failure")
            return
        }

        try AtomicFile.write("n4:2376\n", to: path)
        #expect(await updates.next() == .members(["n4:2376"]))
        running.cancel()
        await running.value
    }

    @Test("nobody registers with a list")
    func staticList() async {
        await #expect(throws: DiscoveryError.self) {
            try await NodesStore(addresses: ["a:1"]).register("b:1", ttl: .seconds(1))
        }
    }

    /// Waits until `condition` holds, and fails after a minute.
    private func wait(_ condition: () -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while !condition() {
            try #require(ContinuousClock.now < end)
            try await ContinuousClock().sleep(for: .milliseconds(5))
        }
    }
}
