// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import Machines
import OperatorCommands
import SwarmCore
import Testing

@Suite("start, stop, restart, kill")
struct PowerCommandsTests {
    @Test("a cluster's name means all its machines")
    func cluster() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab", nodes: 3)

        try await StopCommand.parse(["lab"]).execute(in: bench.context())

        #expect(bench.terminal.output.sorted() == ["lab-1", "lab-2", "lab-3"])
        #expect(bench.driver.calls.sorted() == ["stop lab-1", "stop lab-2", "stop lab-3"])
    }

    @Test("one failure does not keep the others from being stopped, and decides the exit status")
    func partial() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab", nodes: 3)
        bench.driver.fail(
            "lab-2",
            with: .provider(driver: "fake", machine: "lab-2", problem: "gone", kind: .unreachable, isTransient: true)
        )

        let report = await report { try await KillCommand.parse(["lab"]).execute(in: bench.context()) }

        #expect(bench.terminal.output.sorted() == ["lab-1", "lab-3"])
        #expect(report?.kind == .unreachable)
        #expect(report?.message.contains("1 of 3 failed") == true)
    }

    @Test("an unknown name stops nothing")
    func unknown() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        let report = await report { try await StopCommand.parse(["lab-1", "ghost"]).execute(in: bench.context()) }

        #expect(report?.kind == .notFound)
        #expect(bench.driver.calls.isEmpty)
    }

    @Test("start waits until the engine answers, and keeps a new address")
    func start() async throws {
        let bench = try Bench()
        var machine = try bench.makeMachine("box")
        machine.state = ["address": "10.0.0.77"]
        try bench.store.save(machine)
        bench.engines.answer("https://10.0.0.77:2376", "/_ping", "OK")

        try await StartCommand.parse(["box"]).execute(in: bench.context())

        #expect(bench.terminal.output == ["box"])
        #expect(try bench.store.machine("box").address == "10.0.0.77")
        #expect(bench.terminal.notes.contains { $0.contains("swarmctl provision box") })
    }

    @Test("start gives up at the deadline when the engine never answers")
    func startTimeout() async throws {
        let bench = try Bench()
        try bench.makeMachine("box")

        let report = await report { try await StartCommand.parse(["box", "-t", "1"]).execute(in: bench.context()) }

        #expect(report?.kind == .unreachable)
        #expect(bench.terminal.output.isEmpty)
    }

    @Test("a machine at which another run is at work is a conflict")
    func inUse() async throws {
        let bench = try Bench()
        try bench.makeMachine("box")
        let use = try bench.store.use(machine: "box")

        let report = await report { try await StopCommand.parse(["box"]).execute(in: bench.context()) }

        #expect(report?.kind == .conflict)
        #expect(bench.driver.calls.isEmpty)
        withExtendedLifetime(use) {}
    }
}
