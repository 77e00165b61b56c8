// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import OperatorCommands
import SwarmCore
import Testing

@Suite("env")
struct EnvCommandTests {
    @Test("a cluster's variables point to its manager, with the certificates of the store")
    func cluster() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        try await EnvCommand.parse(["lab", "--shell", "bash"]).execute(in: bench.context())

        #expect(
            bench.terminal.output == [
                #"export DOCKER_TLS_VERIFY="1""#,
                #"export DOCKER_HOST="tcp://10.0.0.1:3376""#,
                "export DOCKER_CERT_PATH=\"\(bench.folder)/store/clusters/lab/pki\"",
                #"export SWARMCTL_NAME="lab""#,
                "# Run this command to configure your shell:",
                "# eval $(swarmctl env --shell bash lab)",
            ]
        )
    }

    @Test("a machine's variables point to its engine")
    func machine() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        try await EnvCommand.parse(["lab-2"]).execute(in: bench.context(["SHELL": "/usr/bin/fish"]))

        #expect(bench.terminal.output[1] == #"set -gx DOCKER_HOST "tcp://10.0.0.2:2376";"#)
        #expect(bench.terminal.output.last == "# eval (swarmctl env lab-2)")
    }

    @Test(
        "--no-proxy extends the variable that is there, once",
        arguments: [
            (environment: [:], line: #"export NO_PROXY="10.0.0.1""#),
            (environment: ["no_proxy": "a.b"], line: #"export no_proxy="a.b,10.0.0.1""#),
            (environment: ["NO_PROXY": "10.0.0.1"], line: #"export NO_PROXY="10.0.0.1""#),
            (environment: ["NO_PROXY": "10.0.0.11"], line: #"export NO_PROXY="10.0.0.11,10.0.0.1""#),
        ]
    )
    func noProxy(environment: [String: String], line: String) async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        try await EnvCommand.parse(["--no-proxy", "lab"]).execute(in: bench.context(environment))

        #expect(bench.terminal.output.contains(line))
    }

    @Test("--unset removes all variables, whatever clusters there are")
    func unset() async throws {
        let bench = try Bench()

        try await EnvCommand.parse(["--unset", "--shell", "tcsh"]).execute(in: bench.context())

        #expect(
            bench.terminal.output.prefix(4) == [
                "unsetenv DOCKER_TLS_VERIFY;", "unsetenv DOCKER_HOST;", "unsetenv DOCKER_CERT_PATH;",
                "unsetenv SWARMCTL_NAME;",
            ]
        )
    }

    @Test("without a name the only cluster is meant; with several the error lists them")
    func onlyCluster() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")
        try await EnvCommand.parse([]).execute(in: bench.context())
        #expect(bench.terminal.output[1].contains("10.0.0.1:3376"))

        try bench.makeCluster("prod")

        let report = await report { try await EnvCommand.parse([]).execute(in: bench.context()) }
        #expect(report?.kind == .usage)
        #expect(report?.message.contains("lab, prod") == true)
    }

    @Test("a shell named on the command line must be known")
    func unknownShell() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        await #expect(throws: OperatorError.unknownShell(name: "warp")) {
            try await EnvCommand.parse(["lab", "--shell", "warp"]).execute(in: bench.context())
        }
    }
}
