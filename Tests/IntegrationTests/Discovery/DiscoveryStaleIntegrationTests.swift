// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// A manager whose store is away, or has forgotten everything, as `docker info` shows it.
@Suite("Stale discovery", .serialized)
struct DiscoveryStaleIntegrationTests {
    private static let address = "127.0.0.1:19941"
    private static let warning = "discovery fails since 20"

    /// The manager of one store.
    private struct Manager {
        let socket: String

        func info(_ what: Comment, _ condition: (String) -> Bool) async throws {
            var last = ""
            try await expectEventually(what) {
                let info = try await run("docker", ["-H", "unix://\(socket)", "info"])
                last = "\(info)"
                return info.status == 0 && condition(info.output + info.errors)
            }
            // The member is there whatever happens to the store.
            #expect(last.contains(address) && last.contains("Nodes: 1"), "\(last)")
        }
    }

    @Test("neither a store that is away nor one that is wiped empties the cluster; info says it, and it heals")
    func staleAndBack() async throws {
        // A manager with swarm:// keeps the members itself.
        try await DaemonProcesses.with { swarmd in
            try await atOnce(StoreServer.all.filter { $0.kind != .swarm }) { server in
                let url = try await server.url(of: StoreServer.newCluster())
                let words = ["join", "--advertise", Self.address, "--heartbeat", "1s", "--ttl", "60s", url]
                let agent = try await swarmd.start(words, until: "registered")
                let manager = Manager(socket: "\(swarmd.folder)/\(server.kind.rawValue).sock")
                try await swarmd.start(["manage", "-H", "unix://\(manager.socket)", url], until: "node registered")

                try await server.stop(isKilled: true)
                try await manager.info("\(server.kind): it is stale") { $0.contains(Self.warning) }
                _ = try await server.start()
                let back = ContinuousClock.now
                try await manager.info("\(server.kind): it heals") { !$0.contains(Self.warning) }
                server.note("info heals after outage", ContinuousClock.now - back)

                agent.kill(SIGSTOP)
                try await server.stop(isKilled: true, isWiped: true)
                _ = try await server.start()
                try await manager.info("\(server.kind): the empty list is stale") { info in
                    info.contains(Self.warning)
                        && (info.contains("lists no members any more") || info.contains("no cluster has the token"))
                }
                agent.kill(SIGCONT)
                let heard = ContinuousClock.now
                try await manager.info("\(server.kind): it heals again") { !$0.contains(Self.warning) }
                server.note("info heals after wipe", ContinuousClock.now - heard)
            }
        }
    }
}
