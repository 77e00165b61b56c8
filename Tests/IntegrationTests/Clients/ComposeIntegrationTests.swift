// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// Compose of three generations with one project on three engines.
@Suite("Compose", .serialized)
struct ComposeIntegrationTests {
    private static let fixture = Testbed.checkout + "/Tests/IntegrationTests/Clients/Fixtures/compose.yml"

    /// One version of Compose, at work on a project of its own.
    private struct Compose {
        let program: String
        let project: String
        let managed: ManagedEngines

        /// Runs a command of Compose; `color` is what the file makes the environment of `web` from.
        func callAsFunction(_ words: String..., color: String = "red") async throws -> ProgramResult {
            try await run(program, ["-f", fixture, "-p", project] + words, environment: environment(color))
        }

        func environment(_ color: String) -> [String: String] {
            ["DOCKER_HOST": managed.manager, "COLOR": color, "NO_COLOR": "1", "DOCKER_CONTEXT": ""]
        }

        /// `NAME STATUS` of the containers of a service, or of all.
        func containers(_ service: String? = nil, format: String = "{{.Names}} {{.Status}}") async throws -> [String] {
            let filters =
                ["label=com.docker.compose.project=\(project)"]
                + (service.map { ["label=com.docker.compose.service=\($0)"] } ?? [])
            let words = ["-H", managed.manager, "ps", "-a", "--no-trunc", "--format", format]
            let listed = try await run("docker", words + filters.flatMap { ["--filter", $0] })
            #expect(listed.status == 0, "\(listed)")
            return listed.output.split(separator: "\n").map { String($0) }
        }

        /// The nodes that have containers of a service.
        func nodes(_ service: String) async throws -> Set<String> {
            Set(try await containers(service, format: "{{.Names}}").map { String($0.prefix { $0 != "/" }) })
        }
    }

    /// Where Compose is: 1.29 is the machine's own, the others come from other Debian suites.
    private static func programs() async throws -> [(version: String, program: String)] {
        var programs = [(version: "1.29", program: "/usr/bin/docker-compose")]
        for (version, suite) in [("2.26", "trixie"), ("2.40", "sid")] {
            let root = try await run(Testbed.checkout + "/Scripts/testbed/suite.sh", ["root", suite])
            try #require(root.status == 0, "\(root)")
            programs.append((version, root.line + "/usr/libexec/docker/cli-plugins/docker-compose"))
        }
        return programs
    }

    @Test("Compose 1.29, 2.26 and 2.40 run a project from up to down")
    func project() async throws {
        let programs = try await Self.programs()
        try await ManagedEngines.with { managed in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (version, program) in programs {
                    group.addTask {
                        let name = "shop\(version.filter(\.isNumber))"
                        let compose = Compose(program: program, project: name, managed: managed)
                        let found = try await run(program, ["version"])
                        #expect(found.output.contains(version), "\(found)")
                        try await start(compose)
                        try await look(compose)
                        try await change(compose)
                        try await remove(compose)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private func start(_ compose: Compose) async throws {
        let up = try await compose("up", "-d")

        try #require(up.status == 0, "\(up)")
        let database = try await compose.containers("db")
        #expect(database.count == 1 && database.allSatisfy { $0.contains("(healthy)") }, "\(database)")
        // What shares a local network is on one node.
        #expect(try await compose.nodes("db") == compose.nodes("web"))
        #expect(try await compose.nodes("db").count == 1)
        let listed = try await compose("ps")
        for service in ["db", "web", "lone"] {
            #expect(listed.output.contains(service), "\(listed)")
        }
    }

    private func look(_ compose: Compose) async throws {
        // The service answers over the project's network, by its name.
        let words = ["-f", Self.fixture, "-p", compose.project, "logs", "-f", "web"]
        let follower = try RunningCommand(
            "sh",
            ["-c", "exec \"$0\" \"$@\" >&2", compose.program] + words,
            environment: compose.environment("red")
        )
        var greetings = 0
        let watchdog = Task {
            try await Task.sleep(for: .seconds(60))
            follower.kill()
        }
        for await line in follower.errorLines where line.contains("hello") {
            greetings += 1
            if greetings == 2 {
                break
            }
        }
        watchdog.cancel()
        #expect(greetings == 2, "two greetings within a minute")
        follower.kill()
        _ = await follower.wait()

        let executed = try await compose("exec", "-T", "web", "sh", "-c", "echo $COLOR; exit 3")
        #expect(executed.line == "red", "\(executed)")
        #expect(executed.status == 3, "\(executed)")
        let once = try await compose("run", "--rm", "-T", "web", "sh", "-c", "wget -q -O - http://db/")
        #expect(once.status == 0 && once.output.contains("hello"), "\(once)")
    }

    private func change(_ compose: Compose) async throws {
        let scaled = try await compose("up", "-d", "--scale", "web=3")
        #expect(scaled.status == 0, "\(scaled)")
        let before = try await compose.containers("web", format: "{{.ID}}")
        #expect(before.count == 3)
        let same = try await compose("up", "-d", "--scale", "web=3")
        #expect(same.status == 0, "\(same)")
        #expect(try await compose.containers("web", format: "{{.ID}}") == before)

        let restarted = try await compose("restart", "-t", "0", "web")
        #expect(restarted.status == 0, "\(restarted)")
        let running = try await compose.containers("web")
        #expect(running.count == 3 && running.allSatisfy { $0.contains(" Up ") }, "\(running)")

        let changed = try await compose("up", "-d", "--scale", "web=2", color: "blue")
        #expect(changed.status == 0, "\(changed)")
        let after = try await compose.containers("web", format: "{{.ID}} {{.Status}}")
        #expect(after.count == 2 && after.allSatisfy { $0.contains(" Up ") }, "\(after)")
        #expect(Set(after.map { $0.prefix(64) }).isDisjoint(with: before.map { $0.prefix(64) }))
        let color = try await compose("exec", "-T", "web", "sh", "-c", "echo $COLOR", color: "blue")
        #expect(color.line == "blue", "\(color)")
        let scale = try await compose("scale", "web=1", color: "blue")
        #expect(scale.status == 0, "\(scale)")
        #expect(try await compose.containers("web").count == 1)
    }

    private func remove(_ compose: Compose) async throws {
        let down = try await compose("down", "-v", "-t", "0")

        #expect(down.status == 0, "\(down)")
        #expect(try await compose.containers() == [])
        for words in [["network", "ls", "-q"], ["volume", "ls", "-q"]] {
            let filter = ["--filter", "label=com.docker.compose.project=\(compose.project)"]
            let left = try await run("docker", ["-H", compose.managed.manager] + words + filter)
            #expect(left.status == 0 && left.output.isEmpty, "\(left)")
        }
    }
}
