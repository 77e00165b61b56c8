// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import Machines
import OperatorCommands
import SwarmCore
import Testing

@Suite("create, scale, add")
struct CreateClusterTests {
    private func report(_ words: [String], _ bench: Bench) async -> ErrorReport? {
        await OperatorCommandsTests.report { try await CreateCluster.parse(words).execute(in: bench.context()) }
    }

    @Test("--dry-run prints the plan and changes nothing")
    func dryRun() async throws {
        let bench = try Bench()

        try await CreateCluster.parse(["lab", "--driver", "fake", "--nodes", "2", "--dry-run"])
            .execute(in: bench.context())

        #expect(bench.terminal.output.count == 3, "\(bench.terminal.output)")
        #expect(bench.terminal.output[1].contains("lab-1") && bench.terminal.output[1].contains("manager"))
        #expect(!bench.store.hasCluster("lab"))
    }

    @Test(
        "a wish that cannot be met is a usage error that names what is wrong",
        arguments: [
            (words: ["lab", "--driver", "fake", "--nodes", "0"], says: "nodes"),
            (words: ["lab", "--driver", "warp"], says: "warp"),
            (words: ["lab/../x", "--driver", "fake"], says: "lab/../x"),
            (words: ["--driver", "fake", "--", "-lab"], says: "-lab"),
            (words: ["lab", "--driver", "fake", "--strategy", "sideways"], says: "sideways"),
            (words: ["lab", "--driver", "fake", "--warp", "9"], says: "--warp"),
            (words: ["lab", "--driver", "fake", "--managers", "4"], says: "managers"),
            (words: ["lab", "--driver", "fake", "--host", "root@"], says: "root@"),
            (words: ["lab", "--driver", "fake", "--days", "0"], says: "days"),
        ]
    )
    func wrongWishes(words: [String], says: String) async throws {
        let bench = try Bench()

        let report = await report(words, bench)

        #expect(report?.kind == .usage)
        #expect(report?.message.contains(says) == true, "\(String(describing: report))")
        #expect(bench.store.clusterNames().isEmpty)
    }

    @Test("a key that cannot be read is named with the system's reason")
    func unreadableKey() async throws {
        let bench = try Bench()
        try AtomicFile.write("ssh-ed25519 AAAA me", to: bench.folder + "/id.pub")
        let words = ["lab", "--driver", "fake", "--ssh-key"]

        let missing = await report(words + [bench.folder + "/none"], bench)
        let open = await report(words + [bench.folder + "/id.pub"], bench)

        #expect(missing?.kind == .notFound)
        #expect(missing?.message.contains("No such file") == true)
        #expect(open?.kind == .usage)
        #expect(open?.message.contains("public") == true)
    }

    @Test("a name that a machine has is taken")
    func nameTaken() async throws {
        let bench = try Bench()
        try bench.makeMachine("box")

        let report = await report(["box", "--driver", "fake"], bench)

        #expect(report?.kind == .conflict)
    }

    @Test("a no to the plan changes nothing")
    func notConfirmed() async throws {
        let bench = try Bench(terminal: FakeTerminal(isInteractive: true, answer: false))

        let report = await report(["lab", "--driver", "fake"], bench)

        #expect(bench.terminal.questions == ["Do that?"])
        #expect(report?.kind == .cancelled)
        #expect(!bench.store.hasCluster("lab"))
    }

    @Test("a cluster of the store keeps its wish where no flag says otherwise")
    func storedWish() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab", nodes: 3)

        // The hosts of the fake driver cannot be looked at; the plan is printed before that.
        _ = await report(["lab", "--dry-run", "--nodes", "2"], bench)

        #expect(bench.terminal.output.contains { $0.contains("lab-3") && $0.contains("remove") })
    }

    @Test("scale and add plan from the stored wish")
    func scale() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab", nodes: 2)

        try await ScaleCluster.parse(["lab", "--nodes", "1", "--dry-run"]).execute(in: bench.context())
        #expect(bench.terminal.output.contains { $0.contains("lab-2") && $0.contains("remove") })
        try await AddNode.parse(["lab", "--count", "2", "--dry-run"]).execute(in: bench.context())

        #expect(bench.terminal.output.contains { $0.contains("lab-4") && $0.contains("create") })
    }

    @Test("hosts are not added to a cluster whose machines are made, and a flag says why")
    func addHost() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        let report = await OperatorCommandsTests.report {
            try await AddNode.parse(["lab", "--host", "root@10.0.0.7"]).execute(in: bench.context())
        }

        #expect(report?.kind == .usage)
        #expect(report?.hint?.contains("--count") == true)
    }
}
