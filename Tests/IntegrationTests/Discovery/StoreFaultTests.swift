// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import Foundation
import SwarmCore
import Testing

/// What every store must stand, on a real server.
@Suite("Discovery stores with faults", .serialized)
struct StoreFaultTests {
    @Test("an agent whose registration is removed is back at once", arguments: StoreServer.all)
    func removedRegistration(server: StoreServer) async throws {
        let cluster = StoreServer.newCluster()
        let store = try await server.members(cluster)
        let other = try await server.members(cluster)
        let observed = Observed<[String]>()

        try await withBackground {
            await JoinAgent.patient(store, "10.0.0.1:2376").run()
        } _: {
            try await withBackground {
                try await other.watch { await observed.add($0) }
            } _: {
                try await observed.wait(for: "the agent is seen") { $0.count == 1 }
                try await other.deregister("10.0.0.1:2376")
                let start = ContinuousClock.now
                // A watch that polls may see it only when it is back.
                if server.kind != .token {
                    try await observed.wait(for: "it is gone") { $0 == [] }
                }
                try await observed.wait(for: "it is back") { $0.count == 1 }
                try await expectEventually("it is a member") { try await other.entries() == ["10.0.0.1:2376"] }
                server.note("back after removal", ContinuousClock.now - start)
            }
        }
        // The agent was stopped, and says good-bye.
        try await expectEventually("the agent has left") { try await other.entries() == [] }
    }

    @Test("a restart of the server loses no member, and changes are seen after it", arguments: StoreServer.all)
    func restart(server: StoreServer) async throws {
        try await StoreOutage(server: server, name: "back after a restart").run(for: .zero)
    }

    @Test("an outage of five seconds loses no member, is told, and heals")
    func outage() async throws {
        try await atOnce(StoreServer.all) { server in
            try await StoreOutage(server: server, name: "back after 5 s away").run(for: .seconds(5))
        }
    }

    @Test("an agent frozen for so long that the store has dropped it is back by itself")
    func lostSession() async throws {
        try await DaemonProcesses.with { swarmd in
            try await atOnce(StoreServer.all) { server in
                let cluster = StoreServer.newCluster()
                let url = try await server.url(of: cluster)
                let watching = try await server.members(cluster)
                let observed = Observed<[String]>()
                let words = ["join", "--advertise", "10.0.0.1:2376", "--heartbeat", "1s", "--ttl", "3s", url]

                try await withBackground {
                    try await watching.watch { await observed.add($0) }
                } _: {
                    let agent = try await swarmd.start(words, until: "registered")
                    try await observed.wait(for: "the agent is seen") { $0.count == 1 }
                    agent.kill(SIGSTOP)
                    try await observed.wait(.seconds(60), for: "the store drops it") { $0 == [] }
                    agent.kill(SIGCONT)
                    let start = ContinuousClock.now
                    try await observed.wait(.seconds(60), for: "it is back") { $0.count == 1 }
                    server.note("back after lost session", ContinuousClock.now - start)
                }
            }
        }
    }

    @Test("a watch goes on after etcd has compacted its history")
    func compaction() async throws {
        let server = StoreServer(kind: .etcd)
        let store = try await server.members()
        let begin = ContinuousClock.now
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
        server.note("compaction, restart", ContinuousClock.now - begin)
    }

    @Test("TLS with a client's certificate and credentials works", arguments: StoreServer.secured)
    func secured(server: StoreServer) async throws {
        try await server.timed("TLS, credentials") {
            let cluster = StoreServer.newCluster()
            let store = try await server.members(cluster)
            let observed = Observed<[String]>()

            try await withBackground {
                try await store.watch { await observed.add($0) }
            } _: {
                try await store.register(server.ownMember, ttl: .seconds(20))
                try await observed.wait(for: "it is seen") { $0 == [server.ownMember] }
            }
            guard server.kind.canElect else { return }
            let election = try await server.store(cluster)
            let lease = try #require(try await election.campaign("10.0.0.9:3376", ttl: .seconds(20)))
            #expect(try await election.leader() == Leader(address: "10.0.0.9:3376", fence: lease.fence))
            try await election.resign(lease)
        }
    }

    @Test("wrong credentials are denied, and the error says so", arguments: StoreServer.secured)
    func wrongCredentials(server: StoreServer) async throws {
        try await server.timed("wrong credentials") {
            let cluster = StoreServer.newCluster()
            try await server.members(cluster).register(server.ownMember, ttl: .seconds(20))
            let secret = server.kind == .consul ? "kv.token" : "kv.password"
            let changes = server.kind.canElect ? [secret: "5e1f0d50-0000-4000-8000-00000000000f"] : [:]
            let wrong = try await server.members(cluster, changes: changes)

            if server.kind.canElect {
                let listing = try await #require(throws: DiscoveryError.self) { try await wrong.entries() }
                #expect(listing.kind == .denied, "\(listing.message)")
            }
            // Our own stores know who has which address: no other may be registered.
            let joining = try await #require(throws: DiscoveryError.self) {
                try await wrong.register("10.0.0.2:2376", ttl: .seconds(20))
            }
            #expect(joining.kind == .denied, "\(joining.message)")
        }
    }

    @Test("an operator may list but not register, and one without a role may not even list")
    func roles() async throws {
        for server in StoreServer.secured where !server.kind.canElect {
            let cluster = StoreServer.newCluster()
            try await server.members(cluster).register(server.ownMember, ttl: .seconds(20))
            let folder = try await server.folder()
            func store(_ user: String) async throws -> any DiscoveryStore {
                let files = ["kv.certfile": "\(folder)/\(user).pem", "kv.keyfile": "\(folder)/\(user)-key.pem"]
                return try await server.members(cluster, changes: files)
            }

            #expect(try await store("operator").entries() == [server.ownMember])
            for user in ["operator", "nobody"] {
                let store = try await store(user)
                let error = try await #require(throws: DiscoveryError.self) {
                    try await store.register(server.ownMember, ttl: .seconds(20))
                }
                #expect(error.kind == .denied && error.message.contains("\"\(user)\""), "\(error.message)")
                await #expect(throws: DiscoveryError.self) { try await store.deregister(server.ownMember) }
            }
            let nobody = try await store("nobody")
            let error = try await #require(throws: DiscoveryError.self) { try await nobody.entries() }
            #expect(error.kind == .denied, "\(error.message)")
            #expect(try await store("operator").entries() == [server.ownMember])
        }
    }

    @Test(
        "a server of another authority, and a client without a certificate, are refused",
        arguments: StoreServer.secured
    )
    func wrongAuthority(server: StoreServer) async throws {
        try await server.timed("wrong CA, no certificate") {
            let folder = try await server.folder()
            let cluster = StoreServer.newCluster()
            // Makes the token.
            _ = try await server.members(cluster)
            let other = try await server.members(cluster, changes: ["kv.cacertfile": folder + "/other-ca.pem"])
            let anonymous = try await server.members(cluster, changes: ["kv.certfile": nil, "kv.keyfile": nil])

            for store in [other, anonymous] {
                let error = try await #require(throws: DiscoveryError.self) { try await store.entries() }
                #expect(error.kind == .unreachable, "\(error.message)")
            }
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

/// Looks again and again for up to 60 s: for what nobody tells of.
func expectEventually(_ what: Comment, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < end {
        if try await condition() { return }
        try await ContinuousClock().sleep(for: .milliseconds(100))
    }
    Issue.record(what)
}
