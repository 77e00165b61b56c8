// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import Foundation
import Machines
import OperatorCommands
import SwarmCore
import Testing

@Suite("doctor")
struct DoctorCommandTests {
    private func context(_ bench: Bench) -> CommandContext {
        var context = bench.context()
        // Certificates are made now, so the checks must look from now on too.
        context.now = { Int(Date().timeIntervalSince1970) }
        return context
    }

    private func healthy() throws -> Bench {
        let now = Int(Date().timeIntervalSince1970)
        let bench = try Bench(shells: FakeShells(output: "\(now)\n99999999\n\n"))
        try bench.makeCluster("lab")
        try bench.makeCertificates(for: "lab")
        bench.answerInfo([("lab-1", "Healthy", ""), ("lab-2", "Healthy", "")])
        for number in 1...2 {
            let url = "https://10.0.0.\(number):2376"
            bench.engines.answer(url, "/version", #"{"Version":"28.2.2"}"#)
            for container in ["swarm-agent", "swarm-agent-master"] {
                bench.engines.answer(url, "/containers/\(container)/json", #"{"State":{"Running":true}}"#)
            }
        }
        return bench
    }

    @Test("a cluster in order has only good verdicts")
    func healthyCluster() async throws {
        let bench = try healthy()

        try await DoctorCommand.parse(["lab"]).execute(in: context(bench))

        #expect(bench.terminal.output.allSatisfy { $0.hasPrefix("ok  ") }, "\(bench.terminal.output)")
        for words in ["certificate authority: valid for", "ssh: lab-1 answers", "Docker 28.2.2", "2/2 nodes healthy"] {
            #expect(bench.terminal.output.contains { $0.contains(words) }, "\(words)")
        }
    }

    @Test("a node that is not healthy fails, with the manager's reason and a hint")
    func unhealthyNode() async throws {
        let bench = try healthy()
        bench.answerInfo([("lab-1", "Healthy", ""), ("lab-2", "Unhealthy", "connection refused")])

        let report = await report { try await DoctorCommand.parse(["-q"]).execute(in: context(bench)) }

        #expect(
            bench.terminal.output == [
                "FAIL  lab: node lab-2: Unhealthy: connection refused",
                "      Hint: look at it with `swarmctl doctor lab-2`",
            ]
        )
        #expect(report?.kind == .unreachable)
    }

    @Test("a wrong clock and a full disk are warnings, and no failure")
    func warnings() async throws {
        let bench = try Bench(shells: FakeShells(output: "1000\n100\n\n"))
        try bench.makeMachine("box")
        try bench.makeCertificates(for: "default")
        bench.engines.answer("https://10.0.0.9:2376", "/version", #"{"Version":"28.2.2"}"#)

        try await DoctorCommand.parse(["box", "-q"]).execute(in: context(bench))

        #expect(bench.terminal.output.filter { $0.hasPrefix("warn") }.count == 2, "\(bench.terminal.output)")
    }

    @Test("a key that others can read is denied")
    func openKey() async throws {
        let bench = try healthy()
        let key = bench.store.pkiFolder(of: "lab") + "/key.pem"
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)

        let report = await report { try await DoctorCommand.parse(["-q"]).execute(in: context(bench)) }

        #expect(report?.kind == .denied)
        #expect(bench.terminal.output.contains { $0.contains("chmod 600") })
    }

    @Test("a stopped host says how to start it, and what depends on it is left out")
    func stoppedHost() async throws {
        let bench = try healthy()
        bench.driver.set("lab-2", .stopped)

        let report = await report { try await DoctorCommand.parse(["lab-2", "-q"]).execute(in: context(bench)) }

        #expect(
            bench.terminal.output == [
                "FAIL  lab-2: host: it is Stopped", "      Hint: start it with `swarmctl start lab-2`",
            ]
        )
        #expect(report?.kind == .unreachable)
    }
}
