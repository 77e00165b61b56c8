// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// Nodes closed and emptied from the command line, on a cluster that it made.
@Suite("Drain", .serialized)
struct DrainIntegrationTests {
    @Test("a node is cordoned, drained and opened again by its machine's name")
    func drain() async throws {
        let cluster = "drain-\(UUID().uuidString.prefix(6).lowercased())"
        try await Sandbox.with(clusters: [cluster]) { sandbox in
            let created = try await sandbox.swarmctl([
                "create", "cluster", cluster, "--nodes", "2", "-y", "--local-image", "swarmctl/node:docker",
            ])
            try #require(created.status == 0, "\(created)")
            _ = try await sandbox.docker(cluster, ["load", "-i", Testbed.busybox])
            let other = "\(cluster)-1"
            let drained = "\(cluster)-2"
            #expect(try await sandbox.swarmctl(["cordon", other]).status == 0)
            for words in [["--name", "moves", "-e", "reschedule:on-node-failure"], ["--name", "stays"]] {
                let started = try await sandbox.docker(cluster, ["run", "-d"] + words + ["busybox", "sleep", "600"])
                try #require(started.status == 0, "\(started)")
            }
            #expect(try await sandbox.swarmctl(["uncordon", other]).status == 0)

            let result = try await sandbox.swarmctl(["drain", drained])

            #expect(result.status == 0, "\(result)")
            #expect(result.output.contains("moved to ") && result.output.contains("no reschedule policy"), "\(result)")
            let status = try await sandbox.swarmctl(["status", cluster])
            #expect(status.output.contains("Draining"), "\(status)")
            let listed = try await sandbox.docker(cluster, ["ps", "--format", "{{.Names}}"])
            let names = listed.output.split(separator: "\n").map { $0.split(separator: "/") }
            let nodes = Dictionary(uniqueKeysWithValues: names.map { (String($0[1]), String($0[0])) })
            #expect(nodes.count == 2 && nodes["moves"] != nodes["stays"], "\(listed)")
            let opened = try await sandbox.swarmctl(["uncordon", drained, "--format", "json"])
            #expect(opened.status == 0 && opened.output.contains("Healthy"), "\(opened)")
        }
    }
}
