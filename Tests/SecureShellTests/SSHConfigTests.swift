// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SecureShell
import SwarmCore
import Testing

@Suite("SSHConfig")
struct SSHConfigTests {
    let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
    }

    private func config(_ text: String) throws -> SSHConfig {
        try AtomicFile.write(text, to: "\(folder.path)/config")
        return try SSHConfig(path: "\(folder.path)/config")
    }

    private func resolve(_ text: String, _ host: String) throws -> SSHDestination {
        let address = try #require(SSHAddress(parsing: host))
        return try config(text).resolve(address, defaultUser: "me")
    }

    @Test(
        "the first value for a host wins, and what was typed wins over all",
        arguments: [
            (config: "", host: "h", endpoint: "me@h:22"),
            (config: "Host h\n HostName 10.0.0.1\n User a\n Port 2222\n", host: "h", endpoint: "a@10.0.0.1:2222"),
            (config: "Host h\n User a\nHost *\n User b\n Port 7\n", host: "h", endpoint: "a@h:7"),
            (config: "User b\nHost h\n User a\n", host: "h", endpoint: "b@h:22"),
            (config: "Host *.lab !x.lab\n User a\n", host: "y.lab", endpoint: "a@y.lab:22"),
            (config: "Host *.lab !x.lab\n User a\n", host: "x.lab", endpoint: "me@x.lab:22"),
            (config: "host H?\n\tuser=a\n", host: "h1", endpoint: "a@h1:22"),
            (config: "Host h\n HostName %h.example.com\n", host: "h", endpoint: "me@h.example.com:22"),
            (config: "Host h\n User a\n Port 7\n", host: "root@h:8", endpoint: "root@h:8"),
            (config: "Match host h\n User a\nMatch all\n Port 9\n", host: "h", endpoint: "me@h:9"),
            (config: "# c\n\n  # d\nHost \"h\"\n  User \"a\"\n", host: "h", endpoint: "a@h:22"),
        ]
    )
    func values(config: String, host: String, endpoint: String) throws {
        #expect(try resolve(config, host).endpoint.description == endpoint)
    }

    @Test("identity files that exist are tried in order, with their tokens replaced")
    func identityFiles() throws {
        try AtomicFile.write("k", to: "\(folder.path)/h-me")
        try AtomicFile.write("k", to: "\(folder.path)/second")
        let text = """
            Host h
              IdentityFile \(folder.path)/%h-%r
              IdentityFile \(folder.path)/missing
              IdentitiesOnly yes
            Host *
              IdentityFile "\(folder.path)/second"
            """

        let destination = try resolve(text, "h")

        #expect(destination.identityFiles == ["\(folder.path)/h-me", "\(folder.path)/second"])
        #expect(destination.identitiesOnly)
    }

    @Test("jump hosts are resolved too, and one of theirs comes first")
    func jumps() throws {
        let text = """
            Host inner
              ProxyJump middle,last:2200
            Host middle
              User m
              ProxyJump outer
            Host outer
              HostName 10.0.0.9
            Host direct
              ProxyJump none
            """

        #expect(
            try resolve(text, "inner").jumps.map(\.endpoint.description)
                == ["me@10.0.0.9:22", "m@middle:22", "me@last:2200"]
        )
        #expect(try resolve(text, "direct").jumps.isEmpty)
    }

    @Test("jump hosts in a circle are an error, not an endless loop")
    func circle() throws {
        let error = try #require(throws: SSHError.self) {
            try resolve("Host a\n ProxyJump b\nHost b\n ProxyJump a\n", "a")
        }

        guard case .malformedConfig = error else {
            Issue.record("unexpected \(error)")
            return
        }
    }

    @Test("included files count where they are included")
    func include() throws {
        try AtomicFile.write("User inner\n", to: "\(folder.path)/one.conf")
        try AtomicFile.write("Host x\n User x\n", to: "\(folder.path)/two.conf")
        let text = "Host h\n Include \(folder.path)/*.conf\nHost *\n User outer\n"

        #expect(try resolve(text, "h").endpoint.user == "inner")
        #expect(try resolve(text, "x").endpoint.user == "outer")
    }

    @Test("files that include each other are an error")
    func endlessInclude() throws {
        #expect(throws: SSHError.self) { try config("Include \(folder.path)/config\n") }
    }

    @Test(
        "a line that makes no sense is an error with its number",
        arguments: [
            (text: "\nHost\n", line: 2), (text: "Host h\n Port 0\n", line: 2), (text: "Port x\n", line: 1),
            (text: "ProxyJump a:b:c\n", line: 1),
        ]
    )
    func malformed(text: String, line: Int) throws {
        let error = try #require(throws: SSHError.self) { try resolve(text, "h") }

        guard case .malformedConfig(let file, let found, _) = error else {
            Issue.record("unexpected \(error)")
            return
        }
        #expect(file == "\(folder.path)/config")
        #expect(found == line)
        #expect(error.kind == .usage)
    }

    @Test("a missing file says nothing")
    func missing() throws {
        let config = try SSHConfig(path: "\(folder.path)/none")

        #expect(
            try config.resolve(SSHAddress(host: "h"), defaultUser: "me").endpoint == SSHEndpoint(user: "me", host: "h")
        )
    }

    @Test(
        "an address is read with its optional parts",
        arguments: [
            (text: "h", address: SSHAddress(host: "h")),
            (text: "root@h:2222", address: SSHAddress(user: "root", host: "h", port: 2222)),
            (text: "ssh://root@h:22/", address: SSHAddress(user: "root", host: "h", port: 22)),
            (text: "[fd00::1]:22", address: SSHAddress(host: "fd00::1", port: 22)),
            (text: "root@fd00::1", address: SSHAddress(user: "root", host: "fd00::1")),
            (text: "a@b@h", address: SSHAddress(user: "a@b", host: "h")),
            (text: "", address: nil), (text: "@h", address: nil), (text: "h:", address: nil),
            (text: "h:0", address: nil), (text: "h:65536", address: nil), (text: "-oProxyCommand=x", address: nil),
            (text: "a b", address: nil), (text: "[fd00::1", address: nil), (text: "root@", address: nil),
        ]
    )
    func addresses(text: String, address: SSHAddress?) {
        #expect(SSHAddress(parsing: text) == address)
    }
}
