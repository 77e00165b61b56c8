// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// `swarmd manage` over three real engines of the testbed, used by the docker CLI.
@Suite("Manager", .serialized)
struct ManagerIntegrationTests {
    /// Three engines and a manager of them.
    private struct Cluster {
        static let ports = [23_911, 23_912, 23_913]
        static let manager = "tcp://127.0.0.1:23910"
        let process: RunningCommand

        init() async throws {
            for (number, port) in Self.ports.enumerated() {
                let started = try await Self.engine(["start", Self.name(number), "--tcp", "\(port)"])
                try #require(started.status == 0, "\(started)")
                let loaded = try await IntegrationTests.run(
                    "docker",
                    ["-H", "tcp://127.0.0.1:\(port)", "load", "-i", Testbed.busybox]
                )
                try #require(loaded.status == 0, "\(loaded)")
            }
            let nodes = "nodes://" + Self.ports.map { "127.0.0.1:\($0)" }.joined(separator: ",")
            process = try RunningCommand(Testbed.checkout + "/.build/swarmd", ["manage", "-H", Self.manager, nodes])
            var healthy = 0
            for await line in process.errorLines where line.contains("node is healthy") {
                healthy += 1
                if healthy == Self.ports.count {
                    return
                }
            }
            Issue.record("\(await process.wait(timeout: .seconds(1)))")
        }

        /// Runs the script for engines without the descriptors that `Process` leaves open: an engine that inherits
        /// them outlives the script, and Foundation would wait for the engine.
        private static func engine(_ words: [String]) async throws -> ProgramResult {
            let script =
                "for f in /proc/self/fd/*; do n=${f##*/}; ((n < 3)) || eval \"exec $n>&-\"; done; exec \"$0\" \"$@\""
            let path = Testbed.checkout + "/Scripts/testbed/engine.sh"
            return try await IntegrationTests.run("bash", ["-c", script, path] + words, timeout: .seconds(120))
        }

        static func name(_ number: Int) -> String { "manager-\(number)" }

        func docker(_ words: [String]) async throws -> ProgramResult {
            try await IntegrationTests.run("docker", ["-H", Self.manager] + words, timeout: .seconds(60))
        }

        /// Signals the engine with this number.
        func signal(_ number: Int, _ signal: Int32) throws {
            let address = Testbed.engine.replacingOccurrences(of: "/default/", with: "/\(Self.name(number))/")
            let file = address.replacingOccurrences(of: "unix://", with: "").replacingOccurrences(
                of: "/sock",
                with: "/pid"
            )
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(kill(try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))), signal) == 0)
        }

        /// Waits until so many nodes have a status, and returns how long that took, in seconds.
        func wait(for count: Int, _ status: String, atMost limit: Double) async throws -> Double {
            let start = ContinuousClock.now
            while true {
                let info = try await docker(["info", "--format", "{{json .SystemStatus}}"])
                let elapsed = (ContinuousClock.now - start) / .seconds(1)
                if info.output.components(separatedBy: "\"\(status)\"").count == count + 1 {
                    return elapsed
                }
                // The state of a node can only be asked for; the limit is the specification's.
                try #require(elapsed < limit, "\(info)")
                try await ContinuousClock().sleep(for: .milliseconds(200))
            }
        }

        func stop() async throws {
            process.kill(SIGTERM)
            #expect(await process.wait(timeout: .seconds(20)).status == 0)
            for number in Self.ports.indices {
                _ = try await Self.engine(["stop", Self.name(number)])
            }
        }
    }

    private func withCluster(_ body: (Cluster) async throws -> Void) async throws {
        let cluster = try await Cluster()
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(cluster))
        } catch {
            result = .failure(error)
        }
        try await cluster.stop()
        try result.get()
    }

    @Test("of thirty creates at once with ten names ten win, spread evenly, and nothing is promised twice")
    func concurrentCreates() async throws {
        try await withCluster { cluster in
            let results = try await withThrowingTaskGroup(of: (Int, ProgramResult).self) { group in
                for number in 0..<30 {
                    group.addTask {
                        let name = "w\(number % 10)"
                        let port = "\(24_000 + number % 10 / 3):80"
                        let words = ["create", "--name", name, "-m", "64m", "-p", port, "busybox", "true"]
                        return (number % 10, try await cluster.docker(words))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            let winners = results.filter { $0.1.status == 0 }.map(\.0)
            let losers = results.filter { $0.1.status != 0 }
            // The tenth name asks alone for its port; ports of the others are wanted by three names each.
            #expect(winners.sorted() == Array(0..<10))
            #expect(losers.allSatisfy { $0.1.errors.contains("already in use") }, "\(losers.map(\.1))")
            let listed = try await cluster.docker(["ps", "-a", "--format", "{{.Names}} {{.Ports}}"])
            let nodes = listed.output.split(separator: "\n").compactMap { $0.split(separator: "/").first }
            #expect(Dictionary(grouping: nodes) { $0 }.values.map(\.count).sorted() == [3, 3, 4], "\(listed)")
            let info = try await cluster.docker(["info", "--format", "{{json .SystemStatus}}"])
            for (containers, memory) in [("3 (", "192 MiB / "), ("4 (", "256 MiB / ")] {
                #expect(info.output.contains(containers) && info.output.contains(memory), "\(info)")
            }
        }
    }

    @Test("an engine that is frozen is found within 30 s, is not used, and is back within 10 s")
    func frozenEngine() async throws {
        try await withCluster { cluster in
            let started = try await cluster.docker(["run", "-d", "--name", "before", "busybox", "sleep", "600"])
            try #require(started.status == 0, "\(started)")

            try cluster.signal(2, SIGSTOP)
            let found = try await cluster.wait(for: 1, "Disconnected", atMost: 30)
            let during = try await cluster.docker(["run", "-d", "--name", "during", "busybox", "sleep", "600"])
            let listed = try await cluster.docker(["ps", "-a", "--format", "{{.Names}}"])
            try cluster.signal(2, SIGCONT)
            let back = try await cluster.wait(for: 3, "Healthy", atMost: 10)

            #expect(during.status == 0, "\(during)")
            #expect(listed.output.split(separator: "\n").count == 2, "\(listed)")
            let times = String(format: "found after %.1f s, back after %.1f s\n", found, back)
            FileHandle.standardError.write(Data("frozen engine: \(times)".utf8))
        }
    }
}
