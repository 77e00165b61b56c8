// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import Machines
import OperatorCommands
import SwarmCore
import Testing

/// Clusters with several managers, of which one leads.
@Suite("Several managers")
struct SeveralManagersTests {
    /// A cluster with managers at 10.0.0.1 to 10.0.0.3, of which some answer.
    private func bench(_ roles: [Int: String], programs: FakePrograms = FakePrograms()) throws -> Bench {
        let bench = try Bench(programs: programs)
        try bench.makeCluster("lab", nodes: 3)
        for number in 2...3 {
            try bench.makeMachine("lab-\(number)", in: "lab", role: .manager, number: number)
        }
        for (number, role) in roles {
            let primary = role == "replica" ? #"["Primary","10.0.0.3:3376"],"# : ""
            let node = #"[" n1","10.0.0.9:2376"],["  └ Status","Healthy"]"#
            bench.engines.answer(
                "https://10.0.0.\(number):3376",
                "/info",
                #"{"SystemStatus":[["Role","\#(role)"],\#(primary)["Strategy","spread"],\#(node)]}"#
            )
        }
        return bench
    }

    @Test(
        "env takes the manager that leads, else one that answers, else the first",
        arguments: [
            (roles: [1: "replica", 2: "replica", 3: "primary"], address: "10.0.0.3"),
            (roles: [2: "replica"], address: "10.0.0.2"),
            (roles: [:], address: "10.0.0.1"),
        ]
    )
    func env(roles: [Int: String], address: String) async throws {
        let bench = try bench(roles)

        try await EnvCommand.parse(["lab", "--shell", "bash"]).execute(in: bench.context())

        #expect(bench.terminal.output[1] == "export DOCKER_HOST=\"tcp://\(address):3376\"")
    }

    @Test("status shows who leads, and calls a cluster degraded when a manager is silent")
    func status() async throws {
        let bench = try bench([1: "replica", 3: "primary"])

        try await StatusCommand.parse(["lab"]).execute(in: bench.context())

        let lines = bench.terminal.output.joined(separator: "\n").split(separator: "\n").map { line in
            line.split(separator: " ").prefix(4).joined(separator: " ")
        }
        #expect(lines[0].hasPrefix("lab: Degraded"))
        #expect(lines.contains("lab-1 10.0.0.1 replica 10.0.0.3:3376"), "\(lines)")
        #expect(lines.contains("lab-3 10.0.0.3 primary -"), "\(lines)")
    }

    @Test("ls says which manager leads")
    func list() async throws {
        let bench = try bench([1: "replica", 2: "replica", 3: "primary"])

        try await ListCommand.parse([]).execute(in: bench.context(["DOCKER_HOST": "tcp://10.0.0.2:3376"]))

        let text = bench.terminal.output.joined(separator: "\n")
        #expect(text.contains("manager, primary") && text.contains("manager, replica"), "\(text)")
        // The docker CLI talks to the cluster, whichever manager it uses.
        #expect(text.split(separator: "\n").contains { $0.hasPrefix("lab ") && $0.contains("*") }, "\(text)")
    }

    @Test("tunnel leads to a manager that answers")
    func tunnel() async throws {
        let bench = try bench([2: "replica"], programs: FakePrograms(["docker"], status: 3))

        await #expect(throws: (any Error).self) {
            try await TunnelCommand.parse(["lab", "--", "docker", "ps"]).execute(in: bench.context())
        }

        #expect(bench.shells.calls.first == "lab-2 forward 0 127.0.0.1 3376")
        #expect(bench.programs.calls.first?.environment["DOCKER_HOST"] == "tcp://127.0.0.1:40000")
    }
}
