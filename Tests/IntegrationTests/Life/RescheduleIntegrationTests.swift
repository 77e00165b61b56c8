// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Synchronization
import Testing

/// Containers that run elsewhere when their node dies, over real engines.
@Suite("Rescheduling", .serialized)
struct RescheduleIntegrationTests {
    private static let grace = ["--cluster-opt", "swarm.reschedulegrace=5s"]

    /// Events of the cluster about rescheduling, as `DECISION NAME`.
    private final class Story: Sendable {
        private let command: RunningCommand
        private let lines = Mutex<[String]>([])

        init(_ manager: String) throws {
            let format = #"{{index .Actor.Attributes "decision"}} {{index .Actor.Attributes "name"}}"#
            command = try RunningCommand(
                "sh",
                ["-c", "exec docker -H \(manager) events --filter event=reschedule --format '\(format)' >&2"]
            )
            Task {
                // Ends with the command.
                for await line in command.errorLines {
                    lines.withLock { $0.append(line) }
                }
            }
        }

        func end() async -> [String] {
            command.kill()
            _ = await command.wait()
            return lines.withLock { $0.sorted() }
        }

        var count: Int { lines.withLock { $0.count } }
    }

    /// Containers made on the first engine, of which some have the policy.
    private func fill(_ bench: LifeBench, plain: Int, moving: Int) async throws {
        for index in 1..<bench.names.count {
            let cordoned = try await bench.post(index, "cordon")
            try #require(cordoned.status == 0, "\(cordoned)")
        }
        for number in 1...(plain + moving) {
            let isMoving = number <= moving
            let policy = isMoving ? ["-e", "reschedule:on-node-failure", "-v", "data-\(number):/data"] : []
            let network = number == 1 ? ["--network", "lifenet"] : []
            let words =
                ["run", "-d", "--name", "c\(number)", "--restart", "always", "--stop-timeout", "1"] + policy + network
            let started = try await run(
                "docker",
                ["-H", bench.manager] + words + ["busybox", "sh", "-c", "echo $HOSTNAME >/data/who; sleep 3600"]
            )
            try #require(started.status == 0, "\(started)")
        }
        for index in 1..<bench.names.count {
            _ = try await bench.post(index, "uncordon")
        }
    }

    /// Containers of an engine, as `NAME STATE`.
    private func containers(_ bench: LifeBench, _ index: Int) async throws -> [String] {
        let listed = try await bench.engine(index, "ps", "-a", "--format", "{{.Names}} {{.State}}")
        return listed.output.split(separator: "\n").map(String.init)
    }

    @Test(
        "of ten containers on a node that dies four with the policy run elsewhere; old copies keep their data"
    )
    func nodeKilled() async throws {
        try await LifeBench.with(3, arguments: Self.grace) { bench in
            _ = try await bench.engine(0, "network", "create", "lifenet")
            try await fill(bench, plain: 6, moving: 4)
            let node = try #require(try await bench.node(0)["Name"])
            let story = try Story(bench.manager)

            try await bench.kill(0)
            let time = try await bench.wait("four containers run elsewhere") {
                let running = try await containers(bench, 1) + containers(bench, 2)
                return running.count { $0.hasSuffix(" running") } == 4
            }

            print("rescheduled 4 containers \(time) after the kill, with a grace of 5 s")
            let moved = try await containers(bench, 1) + containers(bench, 2)
            #expect(moved.sorted() == (1...4).map { "c\($0) running" })
            let plain = try await bench.docker("inspect", "-f", "{{.Node.Name}} {{.State.Running}}", "c1")
            #expect(plain.line.hasSuffix(" true") && !plain.line.hasPrefix(node + " "), "\(plain)")
            let network = try await bench.docker("inspect", "-f", "{{json .NetworkSettings.Networks}}", "c1")
            #expect(network.output.contains("lifenet"), "\(network)")

            try await bench.start(0)
            let back = try await bench.wait("the old copies are out of the way") {
                try await containers(bench, 0).count { $0.contains(".moved-") && $0.hasSuffix(" exited") } == 4
            }

            print("old copies out of the way \(back) after the node's start")
            let old = try await containers(bench, 0)
            #expect(old.count == 10 && old.count { $0.hasSuffix(" running") } == 6, "\(old)")
            let volumes = try await bench.engine(0, "volume", "ls", "-q")
            #expect(volumes.output.split(separator: "\n").sorted() == (1...4).map { "data-\($0)" })
            for name in try old.filter({ $0.contains(".moved-") }).map({ try #require($0.split(separator: " ").first) })
            {
                let found = try await bench.docker("inspect", "-f", "{{.State.Status}}", "\(node)/\(name)")
                #expect(found.line == "exited", "\(found)")
            }
            try await bench.wait("the events are told") { story.count >= 8 }
            #expect(await story.end() == (1...4).map { "moved c\($0)" } + (1...4).map { "retired c\($0)" })
        }
    }

    @Test("a manager killed again and again in the middle of rescheduling makes no container twice")
    func managerKilled() async throws {
        try await LifeBench.with(3, arguments: Self.grace) { bench in
            _ = try await bench.engine(0, "network", "create", "lifenet")
            try await fill(bench, plain: 0, moving: 10)
            try await bench.kill(0)

            for made in [1, 3, 6] {
                try await bench.wait("\(made) containers are made") {
                    try await containers(bench, 1).count + containers(bench, 2).count >= made
                }
                await bench.stopManager(SIGKILL)
                try await bench.startManager()
            }

            let time = try await bench.wait("all run elsewhere") {
                let all = try await containers(bench, 1) + containers(bench, 2)
                return all.count { $0.hasSuffix(" running") } >= 10
            }
            print("rescheduled 10 containers \(time) after the third kill of the manager")
            let all = try await containers(bench, 1) + containers(bench, 2)
            #expect(all.sorted() == (1...10).map { "c\($0) running" }.sorted())
        }
    }

    @Test("a drain moves what has a policy, lists what it leaves, and survives the manager")
    func drain() async throws {
        try await LifeBench.with(2, arguments: Self.grace) { bench in
            _ = try await bench.engine(0, "network", "create", "lifenet")
            try await fill(bench, plain: 1, moving: 2)

            let drained = try await bench.post(0, "drain")

            #expect(drained.status == 0 && drained.output.contains("it has no reschedule policy"), "\(drained)")
            #expect(try await containers(bench, 1).sorted() == ["c1 running", "c2 running"])
            let left = try await containers(bench, 0)
            #expect(left.count { $0.contains(".moved-") && $0.hasSuffix(" exited") } == 2, "\(left)")
            #expect(left.contains("c3 running"), "\(left)")
            await bench.stopManager(SIGKILL)
            try await bench.startManager()
            try await bench.wait("it is still draining") { try await bench.node(0)["Status"] == "Draining" }
            let created = try await bench.docker("create", "--name", "c4", "busybox")
            #expect(created.status == 0, "\(created)")
            #expect(try await containers(bench, 1).contains("c4 created"))
            _ = try await bench.post(0, "uncordon")
            #expect(try await bench.node(0)["Status"] == "Healthy")
        }
    }
}
