// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import Foundation
import Testing

/// Several managers of one cluster, with real stores and engines.
@Suite("Replication", .serialized)
struct ReplicationIntegrationTests {
    private static let engines = ["replication-1": 24_791, "replication-2": 24_792]

    private func withEngines(_ body: (_ addresses: [String]) async throws -> Void) async throws {
        let result: Result<Void, any Error>
        do {
            var addresses: [String] = []
            for (name, port) in Self.engines.sorted(by: { $0.key < $1.key }) {
                addresses.append(try await Testbed.startEngine(name, port: port))
            }
            result = .success(try await body(addresses))
        } catch {
            result = .failure(error)
        }
        for name in Self.engines.keys {
            try await Testbed.stopEngine(name)
        }
        try result.get()
    }

    @Test("whatever breaks, one manager leads after it, no two place, and no container is lost or doubled")
    func rounds() async throws {
        try await withEngines { addresses in
            let script = Testbed.checkout + "/Scripts/failover/rounds.py"
            let words = ["--rounds", "5", "--ttl", "3", "--program", Testbed.swarmctl]

            let result = try await run("python3", [script] + words + addresses, timeout: .seconds(300))

            #expect(result.status == 0, "\(result)")
            FileHandle.standardError.write(Data(result.output.utf8))
        }
    }

    @Test("a client of a replica waits while the leader is gone, and succeeds")
    func waits() async throws {
        let address = try await StoreServer(kind: .etcd).start()
        let url = "etcd://\(address)/it/\(StoreServer.newCluster())"
        try await withEngines { engines in
            let agent = try RunningCommand(Testbed.swarmctl, ["join", "--advertise", engines[0], url])
            let leader = try manager("127.0.0.1:24795", url)
            var replica: RunningCommand?
            defer { [agent, leader, replica].forEach { $0?.kill() } }
            try await wait(for: "leads the cluster", in: leader)
            replica = try manager("127.0.0.1:24796", url)
            try await wait(for: "leader", in: try #require(replica))
            let docker = ["-H", "tcp://127.0.0.1:24796"]
            let before = try await run("docker", docker + ["info", "--format", "{{json .SystemStatus}}"])
            let events = try RunningCommand("docker", docker + ["events", "--filter", "event=leader"])
            defer { events.kill() }
            let node = "http://127.0.0.1:24796/cluster/nodes/\(engines[0])"
            let cordoned = try await run("curl", ["-sS", "-X", "POST", node + "/cordon"])
            leader.kill(SIGKILL)

            let refused = try await run("docker", docker + ["create", "busybox"])
            #expect(cordoned.output.contains("Cordoned"), "\(cordoned)")
            #expect(refused.status != 0 && refused.errors.contains("cordon"), "the next leader knows: \(refused)")
            _ = try await run("curl", ["-sS", "-X", "POST", node + "/uncordon"])
            let made = try await run("docker", docker + ["run", "--rm", "busybox", "echo", "done"])

            #expect(before.output.contains(#"["Role","replica"],["Primary","127.0.0.1:24795"]"#), "\(before)")
            #expect(made.status == 0 && made.line == "done", "\(made)")
            let after = try await run("docker", docker + ["info", "--format", "{{json .SystemStatus}}"])
            #expect(after.output.contains(#"["Role","primary"]"#), "\(after)")
            events.kill(SIGTERM)
            let seen = await events.wait(timeout: .seconds(20))
            #expect(seen.output.contains("swarm leader 127.0.0.1:24796"), "the stream outlives the leader: \(seen)")
        }
    }

    private func manager(_ address: String, _ url: String) throws -> RunningCommand {
        let words = ["manage", "-H", "tcp://\(address)", "--replication", "--advertise", address]
        let folder = NSTemporaryDirectory() + "swarmctl-replication-\(UUID().uuidString)"
        return try RunningCommand(
            Testbed.swarmctl,
            words + ["--replication-ttl", "4s", "--state-dir", folder, url]
        )
    }

    /// Waits until a line of the log ends with `words`.
    private func wait(for words: String, in program: RunningCommand) async throws {
        for await line in program.errorLines where line.hasSuffix(words) {
            return
        }
        Issue.record("\(await program.wait(timeout: .seconds(1)))")
    }
}
