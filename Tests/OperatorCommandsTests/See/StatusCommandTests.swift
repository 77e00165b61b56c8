// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import Machines
import OperatorCommands
import SwarmCore
import Testing

@Suite("status, inspect, ip, url")
struct StatusCommandTests {
    @Test("a cluster's status tells of each node, with the reason")
    func cluster() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")
        bench.answerInfo([("lab-1", "Healthy", ""), ("lab-2", "Unhealthy", "connection refused")])

        try await StatusCommand.parse([]).execute(in: bench.context())

        #expect(bench.terminal.output[0] == "lab: Degraded (1/2 nodes healthy, strategy spread)")
        #expect(bench.terminal.output[2].hasPrefix("lab-1   10.0.0.1:2376   Healthy"))
        #expect(bench.terminal.output[3].hasSuffix("connection refused"))
    }

    @Test("a cluster whose manager does not answer is unreachable")
    func unreachable() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        let report = await report { try await StatusCommand.parse(["lab"]).execute(in: bench.context()) }

        #expect(bench.terminal.output == ["lab: Unreachable"])
        #expect(report?.kind == .unreachable)
        #expect(report?.hint?.contains("swarmctl doctor") == true)
    }

    @Test("a machine's status is one word, and a machine that is gone ends with 10")
    func machine() async throws {
        let bench = try Bench()
        try bench.makeMachine("box")
        bench.driver.set("box", .stopped)
        try await StatusCommand.parse(["box"]).execute(in: bench.context())
        bench.driver.set("box", .notFound)

        let error = await #expect(throws: ExitCode.self) {
            try await StatusCommand.parse(["box"]).execute(in: bench.context())
        }

        #expect(bench.terminal.output == ["Stopped", "NotFound"])
        #expect(error?.rawValue == 10)
    }

    @Test("inspect fills a template with the record and what follows from it")
    func inspect() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")
        let template = "{{.name}} {{.url}}{{range .machines}} {{.name}}@{{.address}}{{end}}"

        try await InspectCommand.parse(["lab", "--format", template]).execute(in: bench.context())
        try await InspectCommand.parse(["lab-2", "-f", "{{json .ssh}}"]).execute(in: bench.context())

        #expect(bench.terminal.output[0] == "lab tcp://10.0.0.1:3376 lab-1@10.0.0.1 lab-2@10.0.0.2")
        #expect(bench.terminal.output[1] == #"{"host":"10.0.0.2","port":22,"user":"root"}"#)
    }

    @Test("inspect of several objects is a list")
    func inspectSeveral() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        try await InspectCommand.parse(["lab-1", "lab-2"]).execute(in: bench.context())

        let values = try JSONValue(parsing: Array(bench.terminal.output.joined(separator: "\n").utf8))
        #expect(values.elements.map { $0["name"].string } == ["lab-1", "lab-2"])
    }

    @Test("ip and url print one line for each name")
    func addresses() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        try await IPCommand.parse(["lab", "lab-2"]).execute(in: bench.context())
        try await URLCommand.parse(["lab", "lab-2"]).execute(in: bench.context())

        #expect(
            bench.terminal.output == ["10.0.0.1", "10.0.0.2", "tcp://10.0.0.1:3376", "tcp://10.0.0.2:2376"]
        )
    }

    @Test("a machine without an address yet is a conflict with a way out")
    func noAddress() async throws {
        let bench = try Bench()
        var machine = try bench.makeMachine("box")
        machine.address = nil
        try bench.store.save(machine)

        let report = await report { try await IPCommand.parse(["box"]).execute(in: bench.context()) }

        #expect(report?.kind == .conflict)
        #expect(report?.hint?.contains("create") == true)
    }
}
