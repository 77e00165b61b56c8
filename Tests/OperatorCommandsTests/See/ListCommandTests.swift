// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import Machines
import OperatorCommands
import SwarmCore
import Testing

@Suite("ls")
struct ListCommandTests {
    private func bench() throws -> Bench {
        let bench = try Bench()
        try bench.makeCluster("lab", nodes: 3)
        try bench.makeMachine("box")
        bench.answerInfo([
            ("lab-1", "Healthy", ""), ("lab-2", "Unhealthy", "no route to host"), ("lab-3", "Healthy", ""),
        ])
        bench.engines.answer("https://10.0.0.1:2376", "/version", #"{"Version":"28.2.2"}"#)
        bench.driver.set("lab-3", .stopped)
        return bench
    }

    @Test("shows each cluster with its machines, and says what is wrong")
    func table() async throws {
        let bench = try bench()

        try await ListCommand.parse([]).execute(in: bench.context(["DOCKER_HOST": "tcp://10.0.0.1:3376"]))

        let lines = bench.terminal.output
        #expect(lines.map { $0.prefix { $0 != " " } } == ["NAME", "lab", "lab-1", "lab-2", "lab-3", "box"])
        #expect(lines[1].contains("*"))
        let words = lines.map { $0.split(separator: " ").joined(separator: " ") }
        #expect(words[1].contains("Degraded tcp://10.0.0.1:3376"))
        #expect(lines[1].contains("2/3 nodes healthy; lab-2 is Unhealthy: no route to host"))
        #expect(words[2] == "lab-1 - manager lab fake Running tcp://10.0.0.1:2376 28.2.2 -")
        #expect(lines[3].contains("https://10.0.0.2:2376 is not reached"))
        #expect(lines[4].contains("Stopped"))
    }

    @Test("the keys of its JSON are stable")
    func json() async throws {
        let bench = try bench()

        try await ListCommand.parse(["--format", "json"]).execute(in: bench.context())

        let entries = try JSONValue(parsing: Array(bench.terminal.output.joined().utf8)).elements
        #expect(entries.count == 5)
        guard case .object(let cluster)? = entries.first, case .object(let machine) = entries[1] else {
            Issue.record("not objects")
            return
        }
        #expect(
            cluster.keys.sorted() == ["active", "docker", "driver", "kind", "name", "nodes", "problem", "state", "url"]
        )
        #expect(
            machine.keys.sorted() == ["active", "cluster", "docker", "driver", "kind", "name", "role", "state", "url"]
        )
    }

    @Test(
        "filters: the same key means either, different keys mean both",
        arguments: [
            (filters: ["state=stopped"], names: ["lab-3"]),
            (filters: ["name=^lab-"], names: ["lab-1", "lab-2", "lab-3"]),
            (filters: ["name=1$", "name=3$"], names: ["lab-1", "lab-3"]),
            (filters: ["cluster=LAB", "role=worker"], names: ["lab-2", "lab-3"]),
            (filters: ["kind=cluster"], names: ["lab"]),
            (filters: ["label=disk=ssd", "state=running"], names: ["lab-1", "lab-2"]),
            (filters: ["driver=other"], names: []),
        ]
    )
    func filters(filters: [String], names: [String]) async throws {
        let bench = try bench()

        try await ListCommand.parse(["-q"] + filters.flatMap { ["--filter", $0] }).execute(in: bench.context())

        #expect(bench.terminal.output == names)
    }

    @Test("a filter that cannot be used is a usage error", arguments: ["state", "colour=red", "name=["])
    func badFilter(text: String) async throws {
        let bench = try bench()

        let report = await report {
            try await ListCommand.parse(["--filter", text]).execute(in: bench.context())
        }

        #expect(report?.kind == .usage)
    }

    @Test("a host whose driver fails is a row with the reason, not an error")
    func failingDriver() async throws {
        let bench = try bench()
        bench.driver.fail(
            "box",
            with: .provider(driver: "fake", machine: "box", problem: "quota", kind: .noCapacity, isTransient: false)
        )

        try await ListCommand.parse([]).execute(in: bench.context())

        #expect(bench.terminal.output.last?.contains("Error") == true)
        #expect(bench.terminal.output.last?.contains("quota") == true)
    }
}
