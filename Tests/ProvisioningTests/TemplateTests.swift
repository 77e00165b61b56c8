// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

@testable import Provisioning

@Suite("Templates")
struct TemplateTests {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("templates").path

    static let scripts: [String] = (FileManager.default.subpaths(atPath: folder) ?? [])
        .filter { $0.hasSuffix(".sh.mustache") }
        .map { String($0.dropLast(".mustache".count)) }
        .sorted()

    /// Runs a shell and returns what it prints, and its status.
    private func shell(_ words: [String], input: String) throws -> (output: String, status: Int32) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = words
        let (standardInput, output) = (Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return (text, process.terminationStatus)
    }

    @Test("there is a script for every family of systems and every firewall")
    func families() {
        for family in SystemFamily.allCases {
            #expect(Self.scripts.contains("install/\(family.rawValue).sh"))
        }
        for firewall in ["ufw", "firewalld", "nftables", "iptables"] {
            #expect(Self.scripts.contains("firewall/\(firewall).sh"))
        }
    }

    @Test("every script is one that a POSIX shell can read", arguments: scripts)
    func syntax(name: String) throws {
        let text = try TemplateSource(standard: Self.folder).render(name, Self.values)

        let (output, status) = try shell(["-n"], input: text)

        #expect(status == 0, "\(output)")
        #expect(!text.contains("{{") && !text.contains("&quot;"))
    }

    @Test("no script takes a value without quotes", arguments: scripts)
    func quoted(name: String) throws {
        let text = try String(contentsOfFile: "\(Self.folder)/\(name).mustache", encoding: .utf8)

        #expect(!text.contains("{{{") && !text.contains("{{&"))
    }

    /// A value for every placeholder.
    private static let values: [String: any Sendable] = {
        var values: [String: any Sendable] = [
            "rules": [["port": "1", "block": "b", "family": "ipv4", "protocol": "ip", "command": "iptables"]]
        ]
        for name in [
            "authority", "certificate", "subject", "dropInPath", "oldDaemonJSON", "daemonJSON", "safeOldDaemonJSON",
            "finalDaemonJSON", "dropIn", "unit", "script", "firewall", "name", "url", "sha256", "oldest",
            "distribution",
            "codename", "versionID", "address", "any", "clientPort", "peerPort", "members", "joining", "token",
            "revocations", "arrival", "digest", "version", "request",
        ] {
            values[name] = "it's"
        }
        for name in ["addresses", "hostNames", "ports", "flags"] {
            values[name] = ["a", "b c"]
        }
        for name in [
            "writesDaemonJSON", "writesDropIn", "removesDropIn", "enables", "reloadsFirst", "keepsContainers",
            "wasRunning",
            "validates", "settles", "removesDaemonJSON", "persists", "purges",
            "hasRevocations", "restarts",
        ] {
            values[name] = true
        }
        return values
    }()

    @Test("a placeholder that stands for nothing is an error, not an empty text")
    func unknownPlaceholder() throws {
        let folder = NSTemporaryDirectory() + "templates-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try "rm -rf {{ foldr }}/x\n".write(toFile: folder + "/reach.sh.mustache", atomically: true, encoding: .utf8)
        let source = TemplateSource(standard: Self.folder, overrides: folder)

        let error = try #require(throws: TemplateError.self) { try source.render("reach.sh", ["folder": "/y"]) }

        #expect(
            error
                == .malformed(
                    path: folder + "/reach.sh.mustache",
                    reason: "the placeholder \"foldr\" stands for nothing"
                )
        )
    }

    static let hostile = [
        "plain", "", "two words", "it's", "''", "$(touch /tmp/x)", "`id`", "a\nb", "\\", "\"", "$HOME", "*", "; exit 1",
        "é😀",
        "-n", "!", "#",
    ]

    @Test("a value arrives in a shell as it is", arguments: hostile)
    func shellWord(value: String) throws {
        let (output, _) = try shell(["-s"], input: "printf %s " + Quoting.shellWord(value))

        #expect(output == value)
    }

    @Test("quotes for a unit file: escapes, and specifiers doubled")
    func systemdWord() {
        #expect(Quoting.systemdWord(#"NAME=a "b" \ 100%"#) == #""NAME=a \"b\" \\ 100%%""#)
    }

    @Test("a file in the user's folder replaces the one that came with the program, with the same quoting")
    func overrides() throws {
        let folder = NSTemporaryDirectory() + "templates-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try "echo {{name}}\n".write(toFile: folder + "/hostname.sh.mustache", atomically: true, encoding: .utf8)
        let source = TemplateSource(standard: Self.folder, overrides: folder)

        #expect(try source.render("hostname.sh", ["name": "it's"]) == "echo 'it'\\''s'\n")
        #expect(try source.render("reach.sh", [:]).contains("cloud-init"))
    }

    @Test("a template that is missing or malformed is an error with its name")
    func errors() throws {
        let folder = NSTemporaryDirectory() + "templates-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try "{{#open}}".write(toFile: folder + "/look.sh.mustache", atomically: true, encoding: .utf8)
        let source = TemplateSource(standard: folder)

        #expect(throws: TemplateError.missing(name: "none.sh", searched: [folder])) {
            try source.render("none.sh", [:])
        }
        let error = try #require(throws: TemplateError.self) { try source.render("look.sh", [:]) }
        #expect(error.message.contains("look.sh"))
    }

    @Test("templates are looked for in the environment, beside the executable, and above it")
    func find() throws {
        #expect(try TemplateSource.find(environment: ["SWARMCTL_TEMPLATES": Self.folder]).standard == Self.folder)
        #expect(throws: TemplateError.noTemplates(searched: ["/nonexistent"])) {
            try TemplateSource.find(environment: ["SWARMCTL_TEMPLATES": "/nonexistent"])
        }
        #expect(
            TemplateSource.candidates(executable: "/opt/x/bin/swarmctl")
                == ["/opt/x/share/swarmctl/templates", "/opt/x/bin/templates", "/opt/x/templates", "/opt/templates"]
        )
    }
}
