// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import OperatorCommands
import SwarmCore
import Testing

@Suite("cordon, drain, uncordon")
struct AvailabilityCommandsTests {
    private static let manager = "https://10.0.0.1:3376"
    private static let drained = """
        {"Name":"lab-2","Address":"10.0.0.2:2376","Status":"Draining",
         "Moved":[{"Id":"aa","Name":"web","Node":"lab-1","NewId":"bb"}],
         "Left":[{"Id":"cc","Name":"db","Reason":"it has no reschedule policy","HasPolicy":false}]}
        """

    @Test("each machine's node is named to the manager by its address", arguments: ["cordon", "uncordon"])
    func cordon(verb: String) async throws {
        let bench = try Bench()
        try bench.makeCluster("lab", nodes: 3)
        for number in 2...3 {
            bench.engines.answer(
                Self.manager,
                "POST /cluster/nodes/10.0.0.\(number)%3A2376/\(verb)",
                #"{"Name":"lab-\#(number)","Address":"10.0.0.\#(number):2376","Status":"\#(verb)ed"}"#
            )
        }
        let words = ["lab-2", "lab-3", "lab-2"]

        if verb == "cordon" {
            try await CordonCommand.parse(words).execute(in: bench.context())
        } else {
            try await UncordonCommand.parse(words).execute(in: bench.context())
        }

        let lines = bench.terminal.output
        #expect(lines.count == 3)
        #expect(lines[1].hasPrefix("lab-2") && lines[2].hasPrefix("lab-3") && lines[1].contains("\(verb)ed"))
    }

    @Test("a drain lists what it moved and what it left, and why")
    func drain() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")
        bench.engines.answer(Self.manager, "POST /cluster/nodes/10.0.0.2%3A2376/drain", Self.drained)

        try await DrainCommand.parse(["lab-2"]).execute(in: bench.context())

        let text = bench.terminal.output.joined(separator: "\n")
        #expect(text.contains("moved to lab-1") && text.contains("left: it has no reschedule policy"))
    }

    @Test("in JSON a drain names containers and nodes")
    func drainJSON() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")
        bench.engines.answer(Self.manager, "POST /cluster/nodes/10.0.0.2%3A2376/drain", Self.drained)

        try await DrainCommand.parse(["lab-2", "--format", "json"]).execute(in: bench.context())

        let json = try JSONValue(parsing: Array(bench.terminal.output.joined(separator: "\n").utf8))
        let node = json.elements.first ?? .null
        #expect(node["status"].string == "Draining")
        #expect(node["moved"].elements.map { $0["node"].string } == ["lab-1"])
        #expect(node["left"].elements.map { $0["name"].string } == ["db"])
    }

    @Test("a drain that leaves what may be moved ends with 1")
    func drainFails() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")
        let answer = Self.drained.replacing(#""HasPolicy":false"#, with: #""HasPolicy":true"#)
        bench.engines.answer(Self.manager, "POST /cluster/nodes/10.0.0.2%3A2376/drain", answer)

        let error = await #expect(throws: ExitCode.self) {
            try await DrainCommand.parse(["lab-2"]).execute(in: bench.context())
        }

        #expect(error?.rawValue == 1)
    }

    @Test("an unknown machine is not found, and a manager that is silent is unreachable")
    func failures() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        let unknown = await report { try await CordonCommand.parse(["ghost"]).execute(in: bench.context()) }
        let silent = await report { try await CordonCommand.parse(["lab-2"]).execute(in: bench.context()) }

        #expect(unknown?.kind == .notFound)
        #expect(silent?.kind == .unreachable)
    }
}
