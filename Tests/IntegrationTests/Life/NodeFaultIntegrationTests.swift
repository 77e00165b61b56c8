// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// What the manager says of engines that fail in every way there is, and how soon; prints a table of times.
@Suite("Faults of nodes", .serialized)
struct NodeFaultIntegrationTests {
    /// What a node is to be like after something was done to it.
    private struct Expectation {
        let what: String
        let address: String
        let status: String
        var reason = ""

        func holds(_ node: [String: String]) -> Bool {
            node["Status"] == status && (reason.isEmpty || node["Error"]?.contains(reason) == true)
        }
    }

    /// Waits until all nodes are as they should be, and prints how long each took since `start`.
    private func wait(
        for expectations: [Expectation],
        since start: ContinuousClock.Instant,
        _ bench: LifeBench
    ) async throws {
        var open = expectations
        let what = expectations.map { "\($0.what): \($0.status) \($0.reason)" }.joined(separator: ", ")
        try await bench.wait(what) {
            let nodes = try await bench.nodes()
            for done in open where done.holds(nodes[done.address] ?? [:]) {
                report(done.what, done.status, ContinuousClock.now - start)
            }
            open.removeAll { $0.holds(nodes[$0.address] ?? [:]) }
            return open.isEmpty
        }
    }

    private func report(_ what: String, _ result: String, _ time: Duration) {
        let seconds = Double(Int(time / .milliseconds(100))) / 10
        print("fault: \(what) → \(result) after \(seconds) s")
    }

    /// Whether `ps` shows a container with that name, and its status.
    private func listed(_ name: String, _ bench: LifeBench) async throws -> String? {
        let listed = try await bench.docker("ps", "-a", "--filter", "name=/\(name)$", "--format", "{{.Status}}")
        return listed.output.split(separator: "\n").first.map(String.init)
    }

    @Test("engines killed, stopped, frozen, cut off and talking garbage are found, named, and healthy when they are")
    func gone() async throws {
        try await LifeBench.with(5, proxied: [3]) { bench in
            for index in 0..<5 {
                let started = try await bench.engine(
                    index,
                    "run",
                    "-d",
                    "--name",
                    "n\(index)",
                    "busybox",
                    "sleep",
                    "900"
                )
                try #require(started.status == 0, "\(started)")
                try await bench.wait("a container made behind the manager's back is shown") {
                    try await listed("n\(index)", bench)?.hasPrefix("Up") == true
                }
            }
            let drop = "INPUT -p tcp --dport \(bench.ports[2]) -j DROP"

            let faults = ContinuousClock.now
            try bench.signal(1, SIGSTOP)
            try bench.signal(4, SIGTERM)
            try await bench.sh("iptables -I \(drop)")
            try bench.setMode(3, "garbage")
            try await bench.kill(0)

            let members = bench.members
            try await wait(
                for: [
                    Expectation(what: "killed", address: members[0], status: "Disconnected", reason: "cannot connect"),
                    Expectation(what: "stopped", address: members[4], status: "Disconnected", reason: "cannot connect"),
                    Expectation(what: "frozen", address: members[1], status: "Disconnected", reason: "timed out"),
                    Expectation(what: "cut off", address: members[2], status: "Disconnected", reason: "timed out"),
                    Expectation(what: "garbage", address: members[3], status: "Unhealthy", reason: "to a ping"),
                ],
                since: faults,
                bench
            )
            for index in 0..<5 {
                #expect(try await listed("n\(index)", bench) == "Host Down")
            }
            let refused = try await bench.docker("create", "busybox")
            #expect(refused.status != 0, "\(refused)")

            // One comes back under another address.
            try await bench.start(0, port: 24_879)
            _ = try await bench.sh("docker -H tcp://127.0.0.1:24879 rename n0 back")
            try await bench.start(4)
            let healed = ContinuousClock.now
            try bench.setMembers(["127.0.0.1:24879"] + members.dropFirst())
            try bench.signal(1, SIGCONT)
            try bench.setMode(3, "pass")
            try await bench.sh("iptables -D \(drop)")
            _ = try await bench.engine(
                2,
                "run",
                "-d",
                "--name",
                "behind",
                "--stop-timeout",
                "1",
                "busybox",
                "sleep",
                "900"
            )

            try await wait(
                for: [
                    Expectation(what: "killed, under another address", address: "127.0.0.1:24879", status: "Healthy"),
                    Expectation(what: "stopped, started", address: members[4], status: "Healthy"),
                    Expectation(what: "frozen, goes on", address: members[1], status: "Healthy"),
                    Expectation(what: "cut off, reachable again", address: members[2], status: "Healthy"),
                    Expectation(what: "garbage, ends", address: members[3], status: "Healthy"),
                ],
                since: healed,
                bench
            )
            #expect(try await bench.nodes()[members[0]] == nil)
            #expect(try await listed("behind", bench)?.hasPrefix("Up") == true)
            #expect(try await listed("back", bench)?.hasPrefix("Exited") == true)
        }
    }

    @Test("an engine that hangs on one container, has a wrong clock or another one's id works, and says what is wrong")
    func odd() async throws {
        try await LifeBench.with(2, proxied: [1]) { bench in
            let made = try await bench.engine(
                1,
                "run",
                "-d",
                "--name",
                "slow",
                "--stop-timeout",
                "1",
                "busybox",
                "sleep",
                "900"
            )
            try #require(made.status == 0, "\(made)")
            let id = try await bench.engine(0, "info", "--format", "{{.ID}}").line
            let other = try await bench.engine(1, "info", "--format", "{{.ID}}").line
            let address = bench.members[1]
            let modes = [
                ("hangs on an inspect", "hang /containers/\(made.line)/json", ""),
                ("clock an hour ahead", "clock 3600", "its clock is 3600 s ahead"),
                ("id of another", "replace \(other) \(id)", "also that of 127.0.0.1"),
            ]
            for (what, mode, reason) in modes {
                try bench.setMode(1, mode)
                try bench.setMembers([bench.members[0]])
                try await bench.wait("the node is gone") { try await bench.nodes()[address] == nil }
                try bench.setMembers(bench.members)

                let start = ContinuousClock.now
                let expectation = Expectation(what: what, address: address, status: "Healthy", reason: reason)
                try await wait(for: [expectation], since: start, bench)

                let made = ContinuousClock.now
                let name = "new-\(mode.prefix(4))"
                _ = try await bench.engine(
                    1,
                    "run",
                    "-d",
                    "--name",
                    name,
                    "--stop-timeout",
                    "1",
                    "busybox",
                    "sleep",
                    "900"
                )
                try await bench.wait("news of the other containers arrives") {
                    try await listed(name, bench)?.hasPrefix("Up") == true
                }
                report(what + ", a new container", "shown", ContinuousClock.now - made)
                #expect(try await listed("slow", bench)?.hasPrefix("Up") == true)
                #expect(try await listed(name, bench)?.contains("hour") == false)
            }
        }
    }
}
