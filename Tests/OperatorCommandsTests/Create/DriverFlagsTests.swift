// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import ClusterLifecycle
import Machines
import OperatorCommands
import SwarmCore
import Testing

@Suite("Driver flags")
struct DriverFlagsTests {
    private func flags(_ words: String..., environment: [String: String] = [:]) throws -> DriverFlags {
        try DriverFlags(words, of: FakeDriver(), environment: environment)
    }

    @Test("the driver's table says which flags take a value, so names may stand anywhere")
    func names() throws {
        let flags = try flags(
            "--fake-spot",
            "lab",
            "--fake-size",
            "big",
            "--fake-disk=40",
            "--fake-tag",
            "a",
            "--fake-tag=b"
        )

        #expect(flags.names == ["lab"])
        #expect(
            flags.values == ["fake-spot": "true", "fake-size": "big", "fake-disk": "40", "fake-tag": "a,b"]
        )
    }

    @Test("what is set in the environment is kept, a secret only as its name")
    func environment() throws {
        let flags = try flags("lab", environment: ["FAKE_SIZE": "huge", "FAKE_TOKEN": "secret"])

        #expect(flags.values == ["fake-size": "huge", "fake-token": "env:FAKE_TOKEN"])
    }

    @Test("an unknown flag is named, with the way to see the known ones")
    func unknown() throws {
        let error = try #require(throws: OperatorError.self) { try flags("lab", "--warp-speed", "9") }

        #expect(error.message.contains("--warp-speed"))
        #expect(error.hint?.contains("--driver fake --help") == true)
        #expect(error.kind == .usage)
    }

    @Test(
        "values that cannot be are refused",
        arguments: [
            ["--fake-disk", "big"], ["--fake-spot=maybe"], ["--fake-size"], ["-x"], ["--fake-token", "plain"],
        ]
    )
    func badValues(words: [String]) throws {
        let report = try #require(
            throws: (any Error).self,
            performing: { _ = try DriverFlags(words, of: FakeDriver(), environment: [:]) }
        )

        #expect(ErrorReport(report).kind == .usage)
    }

    @Test("help shows each flag with its variable and default")
    func help() {
        let help = DriverFlags.help(for: FakeDriver())

        #expect(help.contains("OPTIONS OF THE DRIVER fake: Hosts in memory"))
        #expect(help.contains("--fake-size <value>"))
        let words = help.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("Size of the host. (environment: FAKE_SIZE; default: small)"))
        #expect(help.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }
}
