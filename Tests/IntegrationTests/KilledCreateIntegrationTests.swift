// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// `swarmctl create cluster` killed at any point, then run again: always the same end state.
@Suite("A create that is killed", .serialized)
struct KilledCreateIntegrationTests {
    /// When the program gets SIGKILL: so long after a line of progress.
    struct Point: Sendable, CustomTestStringConvertible {
        let name: String
        /// What the line ends with; the first line of any machine counts.
        let line: String
        var delay: Duration = .zero
        var image = "swarmctl/node:docker"
        var testDescription: String { name }
    }

    static let points = [
        Point(name: "before anything is made", line: ": create"),
        Point(name: "while hosts are made", line: ": create", delay: .milliseconds(250)),
        Point(name: "after the first host", line: ": create done"),
        Point(name: "while hosts boot", line: ": reach", delay: .milliseconds(100)),
        Point(name: "after the look at a host", line: ": look unchanged"),
        Point(
            name: "while Docker is installed",
            line: ": install",
            delay: .seconds(3),
            image: "swarmctl/node:bookworm"
        ),
        Point(name: "after Docker is installed", line: ": install done", image: "swarmctl/node:bookworm"),
        Point(name: "while certificates are made", line: ": certificates", delay: .milliseconds(80)),
        Point(name: "after the certificates", line: ": certificates done"),
        Point(name: "while the engine is configured", line: ": configure", delay: .milliseconds(400)),
        Point(name: "after the engine is configured", line: ": configure done"),
        Point(name: "after the port is open", line: ": verify"),
        Point(name: "while the agent's image is sent", line: ": agent", delay: .milliseconds(150)),
        Point(name: "after the first agent", line: ": agent done"),
        Point(name: "after the first registration", line: ": registered unchanged"),
    ]

    @Test(
        "run again it ends in the same state: one authority, no second container, nothing left over",
        arguments: points
    )
    func sameEndState(point: Point) async throws {
        let cluster = "kill-\(UUID().uuidString.prefix(6).lowercased())"
        try await Sandbox.with(clusters: [cluster]) { sandbox in
            let create = ["create", "cluster", cluster, "--nodes", "2", "--local-image", point.image, "-y"]
            let first = try sandbox.start(create)
            let wasKilled = await Self.kill(first, at: point)
            let end = await first.wait()
            try #require(wasKilled, "the line \"\(point.line)\" never came: \(end)")
            #expect(end.status == 137)
            let authority = try? sandbox.read("clusters/\(cluster)/pki/ca.pem")

            let second = try await sandbox.swarmctl(create)

            try #require(second.status == 0, "\(second)")
            if let authority {
                #expect(try sandbox.read("clusters/\(cluster)/pki/ca.pem") == authority)
            }
            try await Self.expectEndState(of: cluster, in: sandbox)
        }
    }

    private static func kill(_ command: RunningCommand, at point: Point) async -> Bool {
        for await line in command.errorLines where line.contains(point.line) && !line.contains("Error") {
            // A line for the end of a phase begins like the one for its start.
            guard line.hasSuffix(point.line) || point.line.contains(" done") || point.line.contains("unchanged") else {
                continue
            }
            try? await Task.sleep(for: point.delay)
            command.kill()
            return true
        }
        return false
    }

    /// What every create of two nodes ends with.
    private static func expectEndState(of cluster: String, in sandbox: Sandbox) async throws {
        let filter = "label=swarmctl-cluster=\(cluster)"
        let engine = ["-H", Testbed.engine]
        let hosts = try await Testbed.hosts(of: cluster)
        let volumes = try await run("docker", engine + ["volume", "ls", "-q", "--filter", filter])
        #expect(hosts.keys.sorted() == ["\(cluster)-1", "\(cluster)-2"])
        #expect(volumes.output.split(separator: "\n").count == 4, "\(volumes.output)")

        for (number, expected) in [(1, ["swarm-agent", "swarm-agent-master"]), (2, ["swarm-agent"])] {
            let host = "\(cluster)-\(number)"
            let found = try await Testbed.inHost(
                hosts[host] ?? host,
                "docker ps -a --format '{{.Names}}'; find /etc/docker /var/lib/swarmctl /tmp -name '*.tmp*' -o -name '*.partial'"
            )
            #expect(found.output.split(separator: "\n").map(String.init).sorted() == expected, "\(host): \(found)")
        }

        let leftovers = try FileManager.default.subpathsOfDirectory(atPath: sandbox.store)
            .filter { $0.contains(".tmp-") }
        #expect(leftovers.isEmpty)
        let info = try await sandbox.docker(cluster, ["info", "--format", "{{json .SystemStatus}}"])
        #expect(info.output.components(separatedBy: "\"Healthy\"").count == 3, "\(info)")
    }
}
