// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// A day with the docker CLI against a cluster of two nodes: every docker CLI that this machine has.
@Suite("Daily use", .serialized)
struct DailyUseIntegrationTests {
    /// A docker CLI's words, and what must come of them.
    struct Step {
        let words: [String]
        var input: String?
        /// The output, without the newline at its end; `nil` for any.
        var prints: String?
        /// What the output must hold.
        var holds: String?
        var status: Int32 = 0

        init(_ words: [String], input: String? = nil, prints: String? = nil, holds: String? = nil, status: Int32 = 0) {
            self.words = words
            self.input = input
            self.prints = prints
            self.holds = holds
            self.status = status
        }
    }

    private static let programs = ["/usr/bin/docker", "/usr/local/bin/docker"].filter {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private static func steps(in folder: String) -> [Step] {
        let endless = "i=0; while true; do echo line; sleep 0.1; done"
        return [
            Step(["run", "--rm", "busybox", "echo", "attached"], prints: "attached"),
            Step(["run", "--rm", "-i", "busybox", "cat"], input: "through", prints: "through"),
            Step(["run", "--rm", "busybox", "sh", "-c", "exit 7"], status: 7),
            Step(["run", "-d", "--name", "web", "-e", "constraint:node==*-2", "busybox", "sh", "-c", endless]),
            Step(["inspect", "web", "--format", "{{.State.Status}}"], prints: "running"),
            Step(["inspect", "web", "--format", "{{.Config.Env}}"], holds: "PATH"),
            Step(["run", "-d", "--name", "web", "busybox", "true"], status: 125),
            Step(["exec", "web", "echo", "inside"], prints: "inside"),
            Step(["exec", "-i", "web", "cat"], input: "piped", prints: "piped"),
            Step(["exec", "web", "sh", "-c", "exit 3"], status: 3),
            Step(["exec", "-t", "web", "tty"], holds: "/dev/pts/"),
            Step(["exec", "-d", "web", "touch", "/detached"]),
            Step(["logs", "--tail", "2", "web"], prints: "line\nline"),
            Step(["cp", folder + "/data", "web:/data"]),
            Step(["cp", "web:/data", folder + "/back"]),
            Step(["top", "web"], holds: "while true"),
            Step(["stats", "--no-stream", "--format", "{{.Name}}", "web"], prints: "web"),
            Step(["rename", "web", "old"]),
            Step(["pause", "old"]),
            Step(["unpause", "old"]),
            Step(["commit", "old", "kept:1"]),
            Step(["run", "--rm", "kept:1", "ls", "/detached"], prints: "/detached"),
            Step(["stop", "-t", "1", "old"]),
            Step(["ps", "-a", "--filter", "name=old", "--format", "{{.State}}"], holds: "exited"),
            Step(["start", "old"]),
            Step(["kill", "old"]),
            Step(["wait", "old"], prints: "137"),
            Step(["rm", "old"]),
            Step(["inspect", "old"], status: 1),
            Step(["build", "-q", "-t", "built:1", folder + "/context"]),
            Step(["run", "--rm", "built:1"], prints: "built"),
            Step(["rmi", "built:1"]),
            Step(["rmi", "kept:1"]),
            Step(["images", "--format", "{{.Repository}}"], holds: "busybox"),
            Step(["network", "create", "net"]),
            Step(["run", "--rm", "--network", "net", "busybox", "echo", "networked"], prints: "networked"),
            Step(["network", "rm", "net"]),
            Step(["volume", "create", "vol"], prints: "vol"),
            Step(["run", "--rm", "-v", "vol:/d", "busybox", "sh", "-c", "echo kept > /d/f"]),
            Step(["run", "--rm", "-v", "vol:/d", "busybox", "cat", "/d/f"], prints: "kept"),
            Step(["volume", "rm", "vol"], prints: "vol"),
            Step(["pull", "registry.invalid/none"], status: 1),
            Step(["events", "--since", "10m", "--until", "0s", "--filter", "event=rename"], holds: "node.name="),
            Step(["version", "--format", "{{.Server.Version}}"], holds: "swarm/"),
            Step(["system", "df"], holds: "Containers"),
        ]
    }

    @Test("each command does what it does on one engine")
    func commands() async throws {
        let cluster = "day-\(UUID().uuidString.prefix(6).lowercased())"
        try await Sandbox.with(clusters: [cluster]) { sandbox in
            let created = try await sandbox.swarmctl([
                "create", "cluster", cluster, "--nodes", "2", "--local-image", "swarmctl/node:docker", "-y",
            ])
            try #require(created.status == 0, "\(created)")
            try FileManager.default.createDirectory(
                atPath: sandbox.folder + "/context",
                withIntermediateDirectories: true
            )
            try "FROM busybox\nRUN echo built > /b\nCMD [\"cat\", \"/b\"]\n"
                .write(toFile: sandbox.folder + "/context/Dockerfile", atomically: true, encoding: .utf8)
            let data = Data((0..<3_000_000).map { _ in UInt8.random(in: 0...255) })
            try data.write(to: URL(fileURLWithPath: sandbox.folder + "/data"))
            var environment = try await sandbox.dockerEnvironment(cluster)
            // The classic builder, which every docker CLI has.
            environment["DOCKER_BUILDKIT"] = "0"

            for program in Self.programs {
                let loaded = try await run(program, ["load", "-i", Testbed.busybox], environment: environment)
                try #require(loaded.status == 0, "\(loaded)")
                for step in Self.steps(in: sandbox.folder) {
                    try await expect(step, by: program, environment: environment)
                }
                let back = try Data(contentsOf: URL(fileURLWithPath: sandbox.folder + "/back"))
                #expect(back == data, "what came back by docker cp differs")
            }
        }
    }

    @Test("logs -f goes on until its client ends, and a client that is killed leaves the container alone")
    func follow() async throws {
        let cluster = "day-\(UUID().uuidString.prefix(6).lowercased())"
        try await Sandbox.with(clusters: [cluster]) { sandbox in
            let created = try await sandbox.swarmctl([
                "create", "cluster", cluster, "--nodes", "1", "--local-image", "swarmctl/node:docker", "-y",
            ])
            try #require(created.status == 0, "\(created)")
            _ = try await sandbox.docker(cluster, ["load", "-i", Testbed.busybox])
            let loop = "while true; do echo tick >&2; sleep 0.1; done"
            _ = try await sandbox.docker(cluster, ["run", "-d", "--name", "old", "busybox", "sh", "-c", loop])

            let follower = try RunningCommand(
                "docker",
                ["logs", "-f", "old"],
                environment: try await sandbox.dockerEnvironment(cluster)
            )
            var count = 0
            for await line in follower.errorLines where line == "tick" {
                count += 1
                if count == 20 {
                    follower.kill()
                }
            }

            #expect(count >= 20)
            #expect(await follower.wait().status == 137)
            let state = try await sandbox.docker(cluster, ["inspect", "old", "--format", "{{.State.Running}}"])
            #expect(state.line == "true")
        }
    }

    private func expect(_ step: Step, by program: String, environment: [String: String]) async throws {
        let result = try await run(
            program,
            step.words,
            environment: environment,
            input: step.input.map { Data($0.utf8) },
            timeout: .seconds(120)
        )
        let words = "\(program) \(step.words.joined(separator: " ")): \(result)"
        #expect(result.status == step.status, "\(words)")
        if let prints = step.prints {
            #expect(result.line == prints, "\(words)")
        }
        if let holds = step.holds {
            #expect(result.output.contains(holds), "\(words)")
        }
    }
}
