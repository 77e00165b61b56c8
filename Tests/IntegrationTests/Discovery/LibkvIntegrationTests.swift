// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import Foundation
import Testing

/// A store that agents and managers of classic swarm share with ours.
///
/// `libkv.py` does what they do, with Consul's HTTP API and with another client of ZooKeeper.
@Suite("Old agents", .serialized)
struct LibkvIntegrationTests {
    private static let servers = StoreServer.plain.filter { $0.kind != .etcd }

    @Test("each side sees the other's members come, and go when they leave", arguments: servers)
    func sharedStore(server: StoreServer) async throws {
        try await server.timed("old agents (libkv)") {
            let cluster = StoreServer.newCluster()
            let url = try await server.url(of: cluster)
            let words = [server.kind.rawValue, try await server.start(), "it/\(cluster)"]
            let libkv = Testbed.checkout + "/Scripts/testbed/libkv.py"
            let store = try await server.members(cluster)
            let observed = Observed<[String]>()

            try await DaemonProcesses.with { swarmd in
                try await withBackground {
                    try await store.watch { await observed.add($0) }
                } _: {
                    let old = try await swarmd.start(words + ["join", "10.0.0.1:2375"], of: libkv, until: "joined")
                    try await observed.wait(for: "the old agent is seen") { $0 == ["10.0.0.1:2375"] }
                    try await swarmd.start(["join", "--advertise", "10.0.0.2:2376", url], until: "registered")
                    try await observed.wait(for: "both are seen") { $0 == ["10.0.0.1:2375", "10.0.0.2:2376"] }

                    let listed = try await run(libkv, words + ["list"])
                    #expect(listed.output == "10.0.0.1:2375\n10.0.0.2:2376\n", "\(listed)")
                    #expect(try await swarmd.run(["list", url]).output == listed.output)

                    old.kill(SIGTERM)
                    try await observed.wait(for: "the old agent has left") { $0 == ["10.0.0.2:2376"] }
                }
            }
            let listed = try await run(libkv, words + ["list"])
            #expect(listed.status == 0 && listed.line.isEmpty, "ours has left: \(listed)")
        }
    }
}
