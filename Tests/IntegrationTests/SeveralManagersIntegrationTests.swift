// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// A cluster whose three managers run the store that they are elected in, on hosts of the local driver.
@Suite("Several managers", .serialized)
struct SeveralManagersIntegrationTests {
    @Test("a create that is killed goes on; a manager's host may go, and be removed")
    func life() async throws {
        let cluster = "ha-\(UUID().uuidString.prefix(6).lowercased())"
        try await Sandbox.with(clusters: [cluster]) { sandbox in
            let create = [
                "create", "cluster", cluster, "--nodes", "3", "--managers", "3", "--replication-ttl", "4s",
                "--local-image", "swarmctl/node:docker", "-y",
            ]
            let first = try sandbox.start(create)
            for await line in first.errorLines where line.hasSuffix(": store") {
                first.kill()
                break
            }
            #expect(await first.wait().status == 137)

            let second = try await sandbox.swarmctl(create)
            try #require(second.status == 0, "\(second)")
            let third = try await sandbox.swarmctl(create)
            #expect(third.status == 0 && !third.errors.contains(" done ("), "a second run changed something: \(third)")
            let managers = try await managers(of: cluster, in: sandbox)
            #expect(managers.values.map(\.lead).sorted() == ["primary", "replica", "replica"])

            let leader = try #require(managers.first { $0.value.lead == "primary" }?.key)
            try await loseHost(leader, cluster, sandbox)
            let removed = try await sandbox.swarmctl(["remove", "node", leader, "-y"])
            #expect(removed.status == 0, "\(removed)")
            let members = try await members(of: cluster, sandbox)
            #expect(members.components(separatedBy: "\"name\"").count == 3 && !members.contains(leader), "\(members)")
        }
    }

    /// Ends the leader's host, and uses the cluster through what `swarmctl env` says then.
    private func loseHost(_ leader: String, _ cluster: String, _ sandbox: Sandbox) async throws {
        let host = try #require(try await Testbed.hosts(of: cluster)[leader])
        _ = try await run("docker", ["-H", Testbed.engine, "kill", host])

        // During the election the request waits.
        let loaded = try await sandbox.docker(cluster, ["load", "-i", Testbed.busybox])
        let started = try await sandbox.docker(cluster, ["run", "-d", "--name", "after", "busybox", "sleep", "600"])

        #expect(loaded.status == 0, "\(loaded)")
        #expect(started.status == 0, "\(started)")
        let left = try await managers(of: cluster, in: sandbox)
        #expect(left[leader]?.lead == "" && left.values.contains { $0.lead == "primary" }, "\(left)")
    }

    private struct Manager: Decodable {
        let name: String
        let address: String
        /// Empty when it does not answer.
        let lead: String

        private enum CodingKeys: CodingKey {
            case name, address, lead
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            name = try values.decode(String.self, forKey: .name)
            address = try values.decode(String.self, forKey: .address)
            lead = try values.decodeIfPresent(String.self, forKey: .lead) ?? ""
        }
    }

    private struct Status: Decodable {
        let managers: [Manager]
    }

    private func managers(of cluster: String, in sandbox: Sandbox) async throws -> [String: Manager] {
        let status = try await sandbox.swarmctl(["status", cluster, "--format", "json"])
        let managers = try JSONDecoder().decode(Status.self, from: Data(status.output.utf8)).managers
        return Dictionary(uniqueKeysWithValues: managers.map { ($0.name, $0) })
    }

    /// What the store says of its members.
    private func members(of cluster: String, _ sandbox: Sandbox) async throws -> String {
        let address = try #require(try await managers(of: cluster, in: sandbox).values.first { !$0.lead.isEmpty })
            .address
        let pki = sandbox.store + "/clusters/\(cluster)/pki"
        return try await run(
            "curl",
            [
                "-sS", "-m", "20", "--cacert", pki + "/ca.pem", "--cert", pki + "/cert.pem", "--key", pki + "/key.pem",
                "-d", "{}", "https://\(address):2379/v3/cluster/member/list",
            ]
        ).output
    }
}
