// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import Foundation
import Machines
import OperatorCommands
import SwarmCore
import Testing

@Suite("Program")
struct ProgramTests {
    struct NotMade: Error {}

    @Test("every kind of error has its exit status and its text", arguments: ErrorKind.allCases)
    func kinds(kind: ErrorKind) {
        let terminal = FakeTerminal()
        let error = MachineError.provider(driver: "d", machine: "m", problem: "p", kind: kind, isTransient: false)

        let status = Program.report(error, of: ["ls"], on: terminal)

        #expect(status == kind.rawValue)
        #expect(terminal.notes == ["Error: d: machine \"m\": p"])
        #expect(terminal.output.isEmpty)
    }

    @Test("with --format json an error is one object", arguments: [["--format", "json"], ["--format=json"]])
    func json(words: [String]) throws {
        let terminal = FakeTerminal()

        let status = Program.report(MachineError.noCluster, of: ["ls"] + words, on: terminal)

        let value = try JSONValue(parsing: Array(terminal.notes.joined().utf8))["error"]
        #expect(status == 10)
        #expect(value["kind"].string == "not-found")
        #expect(value["message"].string == "there is no cluster in this store")
        #expect(value["hint"].string?.contains("swarmctl create cluster") == true)
    }

    @Test("an error that nobody made for users is a bug")
    func bug() {
        let terminal = FakeTerminal()

        #expect(Program.report(NotMade(), of: ["ls"], on: terminal) == 70)
        #expect(terminal.notes.first?.contains("this is a bug in swarmctl") == true)
    }

    @Test("what the parser refuses is a usage error, as text and as JSON")
    func usage() throws {
        let terminal = FakeTerminal()
        let error = try #require(throws: (any Error).self) { _ = try SwarmCtl.parseAsRoot(["env", "--warp"]) }

        #expect(Program.report(error, of: ["env", "--warp"], on: terminal) == 64)
        #expect(terminal.notes.first?.hasPrefix("Error: ") == true)
        #expect(Program.report(error, of: ["env", "--warp", "--format", "json"], on: terminal) == 64)

        let value = try JSONValue(parsing: Array((terminal.notes.last ?? "").utf8))
        #expect(value["error"]["kind"].string == "usage")
    }

    @Test("a remote command's status passes without a word")
    func exitCode() {
        let terminal = FakeTerminal()

        #expect(Program.report(ExitCode(42), of: ["ssh"], on: terminal) == 42)
        #expect(terminal.notes.isEmpty)
    }

    @Test("every command has help with examples and exit statuses")
    func help() {
        for command in Self.leaves(SwarmCtl.self) where command is any SwarmCommand.Type {
            let text = command.configuration.discussion
            let name = command.configuration.commandName ?? "\(command)"
            #expect(text.contains("EXIT STATUS: 0 done"), "\(name)")
            #expect(text.components(separatedBy: "\n  ").count >= 3, "\(name) has fewer than two examples")
            #expect(!command.configuration.abstract.isEmpty, "\(name)")
        }
    }

    private static func leaves(_ command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        let children = command.configuration.subcommands
        return children.isEmpty ? [command] : children.flatMap(leaves)
    }
}
