// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import Machines
import OperatorCommands
import SwarmCore
import Testing

@Suite("rm, remove node, gc")
struct RemoveCommandTests {
    @Test("a cluster goes with its machines and its keys")
    func cluster() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        try await RemoveCommand.parse(["lab"]).execute(in: bench.context())

        #expect(bench.terminal.output == ["lab"])
        #expect(bench.driver.calls == ["remove lab-2", "remove lab-1"])
        #expect(bench.store.clusterNames().isEmpty && bench.store.machineNames().isEmpty)
    }

    @Test("on a terminal it asks, and a no changes nothing")
    func asks() async throws {
        let bench = try Bench(terminal: FakeTerminal(isInteractive: true, answer: false))
        try bench.makeCluster("lab")

        let report = await report { try await RemoveCommand.parse(["lab"]).execute(in: bench.context()) }

        #expect(bench.terminal.questions == ["Remove that?"])
        #expect(report?.kind == .cancelled)
        #expect(bench.store.hasCluster("lab"))
    }

    @Test("with -y it does not ask")
    func yes() async throws {
        let bench = try Bench(terminal: FakeTerminal(isInteractive: true, answer: false))
        try bench.makeCluster("lab")

        try await RemoveCommand.parse(["-y", "lab"]).execute(in: bench.context())

        #expect(bench.terminal.questions.isEmpty)
        #expect(!bench.store.hasCluster("lab"))
    }

    @Test("a node that is removed is no longer wanted")
    func node() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab", nodes: 3)

        try await RemoveNode.parse(["lab-2"]).execute(in: bench.context())

        #expect(bench.terminal.output == ["lab-2"])
        #expect(try bench.store.machines(of: "lab").map(\.name) == ["lab-1", "lab-3"])
        #expect(try bench.store.cluster("lab").spec.nodes == 2)
    }

    @Test("the last manager does not leave the others behind")
    func lastManager() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        await #expect(throws: OperatorError.lastManager(cluster: "lab", machine: "lab-1")) {
            try await RemoveCommand.parse(["lab-1"]).execute(in: bench.context())
        }
        #expect(bench.driver.calls.isEmpty)
    }

    @Test("gc lists what belongs to no machine, and removes it only when told")
    func garbage() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")
        bench.driver.leave([
            TaggedResource(kind: "vm", id: "1", machine: "lab-1", cluster: "lab", machineID: "id-lab-1"),
            TaggedResource(kind: "vm", id: "2", machine: "old", cluster: "x", machineID: "id-old"),
            TaggedResource(kind: "disk", id: "3", machine: "old", cluster: "x", machineID: "id-old"),
            TaggedResource(kind: "vm", id: "4", machine: "other", cluster: "theirs", machineID: "id-other"),
        ])

        try await CollectGarbageCommand.parse(["--driver", "fake"]).execute(in: bench.context())
        #expect(bench.terminal.output.count == 4)
        #expect(bench.driver.calls.isEmpty)
        try await CollectGarbageCommand.parse(["--driver", "fake", "--cluster", "x", "-y"]).execute(in: bench.context())

        #expect(bench.driver.calls == ["remove old"])
    }

    @Test("gc -y does not touch what may be another store's without being told")
    func garbageOfOthers() {
        #expect(throws: (any Error).self) { try CollectGarbageCommand.parse(["--driver", "fake", "-y"]) }
    }
}
