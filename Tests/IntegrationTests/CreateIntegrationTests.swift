// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// Clusters made by one command, used by the docker CLI.
@Suite("Create", .serialized)
struct CreateIntegrationTests {
    private static let fast = ["--local-image", "swarmctl/node:docker"]

    @Test("three adopted hosts become one Docker host: six containers spread two, two, two")
    func adoptedHosts() async throws {
        let names = (1...3).map { "adopt-\(UUID().uuidString.prefix(6).lowercased())-\($0)" }
        try await Sandbox.with(clusters: ["lab"]) { sandbox in
            var words = ["create", "cluster", "lab", "--ssh-key", sandbox.key, "-y"]
            for name in names {
                let address = try await Testbed.startHost(
                    name,
                    key: sandbox.key + ".pub",
                    image: "swarmctl/node:bookworm"
                )
                words += ["--host", "root@\(address)"]
            }

            let created = try await sandbox.swarmctl(words)

            try #require(created.status == 0, "\(created)")
            _ = try await sandbox.docker("lab", ["load", "-i", Testbed.busybox])
            for number in 1...6 {
                let started = try await sandbox.docker(
                    "lab",
                    ["run", "-d", "--name", "c\(number)", "busybox", "sleep", "600"]
                )
                try #require(started.status == 0, "\(started)")
            }
            let listed = try await sandbox.docker("lab", ["ps", "--format", "{{.Names}}"])
            let nodes = listed.output.split(separator: "\n").map { $0.split(separator: "/").first ?? "" }
            #expect(Dictionary(grouping: nodes) { $0 }.mapValues(\.count).values.sorted() == [2, 2, 2], "\(listed)")
            let again = try await sandbox.swarmctl(words)
            #expect(again.status == 0, "\(again)")
            #expect(!again.errors.contains(" done ("), "a second run changed something: \(again.errors)")
        }
        try await Testbed.removeHosts(names)
    }

    @Test("two machines made at once on an empty store share one authority, and both work")
    func twoAtOnce() async throws {
        let names = (1...2).map { "twin-\(UUID().uuidString.prefix(6).lowercased())-\($0)" }
        try await Sandbox.with(clusters: names) { sandbox in
            let runs = try names.map {
                try sandbox.start(["create", "machine", $0, "--driver", "local"] + Self.fast)
            }
            for run in runs {
                let result = await run.wait()
                #expect(result.status == 0, "\(result)")
            }

            let folder = sandbox.store + "/clusters"
            let authorities = try FileManager.default.subpathsOfDirectory(atPath: folder).filter {
                $0.hasSuffix("/ca.pem")
            }
            #expect(authorities.count == 1)
            for name in names {
                let version = try await sandbox.docker(name, ["version", "--format", "{{.Server.Version}}"])
                #expect(version.status == 0 && !version.line.isEmpty, "\(version)")
            }
        }
    }

    @Test("a cluster grows and shrinks; a node that goes leaves nothing")
    func scale() async throws {
        let cluster = "scale-\(UUID().uuidString.prefix(6).lowercased())"
        try await Sandbox.with(clusters: [cluster]) { sandbox in
            let created = try await sandbox.swarmctl(["create", "cluster", cluster, "--nodes", "1", "-y"] + Self.fast)
            try #require(created.status == 0, "\(created)")

            let grown = try await sandbox.swarmctl(["scale", "cluster", cluster, "--nodes", "3", "-y"])
            #expect(grown.status == 0, "\(grown)")
            let three = try await sandbox.docker(cluster, ["info", "--format", "{{json .SystemStatus}}"])
            #expect(three.output.components(separatedBy: "\"Healthy\"").count == 4, "\(three)")

            let shrunk = try await sandbox.swarmctl(["scale", "cluster", cluster, "--nodes", "1", "-y"])
            #expect(shrunk.status == 0, "\(shrunk)")
            let one = try await sandbox.docker(cluster, ["info", "--format", "{{json .SystemStatus}}"])
            #expect(one.output.components(separatedBy: "  └ Status").count == 2, "\(one)")
            let hosts = try await run(
                "docker",
                ["-H", Testbed.engine, "ps", "-aq", "--filter", "label=swarmctl-cluster=\(cluster)"]
            )
            #expect(hosts.output.split(separator: "\n").count == 1)
        }
    }

    @Test("a cluster stopped and started is a cluster again")
    func restart() async throws {
        let cluster = "stop-\(UUID().uuidString.prefix(6).lowercased())"
        try await Sandbox.with(clusters: [cluster]) { sandbox in
            let created = try await sandbox.swarmctl(["create", "cluster", cluster, "--nodes", "2", "-y"] + Self.fast)
            try #require(created.status == 0, "\(created)")

            #expect(try await sandbox.swarmctl(["stop", cluster]).status == 0)
            #expect(try await sandbox.swarmctl(["start", cluster]).status == 0)
            let again = try await sandbox.swarmctl(["create", "cluster", cluster, "-y"])

            #expect(again.status == 0, "\(again)")
            let info = try await sandbox.docker(cluster, ["info", "--format", "{{json .SystemStatus}}"])
            #expect(info.output.components(separatedBy: "\"Healthy\"").count == 3, "\(info)")
            // What each engine runs as the health check of its agent's container.
            for host in try await Testbed.hosts(of: cluster).values {
                let health = try await Testbed.inHost(host, "docker exec swarm-agent /swarmd health")
                #expect(health.line == "registered", "\(health)")
            }
        }
    }
}
