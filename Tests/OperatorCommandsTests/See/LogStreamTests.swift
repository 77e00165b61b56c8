// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import OperatorCommands
import SwarmCore
import Testing

@Suite("logs")
struct LogStreamTests {
    private func frame(_ stream: UInt8, _ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return [stream, 0, 0, 0, 0, 0, UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
    }

    @Test("frames cut anywhere give the same lines", arguments: [1, 2, 3, 7, 8, 9, 1000])
    func frames(size: Int) throws {
        let bytes = frame(1, "one\ntwo ") + frame(2, "error\n") + frame(1, "parts\r\nlast")
        var stream = LogStream()
        var lines: [String] = []

        for start in stride(from: 0, to: bytes.count, by: size) {
            lines += try stream.add(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        lines += stream.finish()

        #expect(lines == ["one", "error", "two parts", "last"])
    }

    @Test("bytes that are no frames are refused")
    func noFrames() {
        var stream = LogStream()

        #expect(throws: OperatorError.self) { try stream.add(Array("plain text, no frames".utf8)) }
    }

    @Test("lines carry machine and service, in the order of the machines")
    func command() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")
        bench.engines.stream(
            "https://10.0.0.1:2376",
            "/containers/swarm-agent-master/logs",
            [frame(1, "listening\n")]
        )
        bench.engines.stream("https://10.0.0.1:2376", "/containers/swarm-agent/logs", [frame(2, "joined\n")])
        bench.engines.stream("https://10.0.0.2:2376", "/containers/swarm-agent/logs", [frame(2, "joined too")])

        try await LogsCommand.parse(["lab"]).execute(in: bench.context())

        #expect(
            bench.terminal.output == [
                "lab-1 manager | listening", "lab-1 agent   | joined", "lab-2 agent   | joined too",
            ]
        )
    }

    @Test("one engine that fails does not hide the lines of the others")
    func partial() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")
        bench.engines.stream("https://10.0.0.2:2376", "/containers/swarm-agent/logs", [frame(1, "here\n")])

        let report = await report {
            try await LogsCommand.parse(["lab", "--service", "agent"]).execute(in: bench.context())
        }

        #expect(bench.terminal.output == ["lab-2 agent | here"])
        #expect(report?.kind == .notFound)
    }
}
