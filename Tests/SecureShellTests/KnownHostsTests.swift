// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import PKI
import SecureShell
import SwarmCore
import Testing

@Suite("KnownHosts")
struct KnownHostsTests {
    let folder: ScratchFolder
    let hosts: KnownHosts
    let key: SSHKeyPair

    init() throws {
        folder = try ScratchFolder()
        hosts = KnownHosts(path: "\(folder.path)/clusters/lab/known_hosts")
        key = try SSHKeyPair.generate(comment: "host")
    }

    @Test("a pinned key is found by ssh-keygen, with and without a port", arguments: [22, 2222] as [UInt16])
    func pin(port: UInt16) throws {
        try hosts.pin(key.publicKey, host: "Node1.example.com", port: port)
        try hosts.pin(key.publicKey, host: "node1.example.com", port: port)

        let name = port == 22 ? "node1.example.com" : "[node1.example.com]:2222"
        let found = try shell("ssh-keygen -l -F '\(name)' -f '\(hosts.path)'")
        #expect(found.output.contains(key.fingerprint))
        #expect(try hosts.entries(host: "node1.example.com", port: port).count == 1)
        #expect(try hosts.entries(host: "node1.example.com", port: 23).isEmpty)
    }

    @Test("another key of the same type is never written over")
    func conflict() throws {
        try hosts.pin(key.publicKey, host: "n1", port: 22)
        let before = try AtomicFile.readText(hosts.path)

        let error = try #require(throws: SSHError.self) {
            try hosts.pin(SSHKeyPair.generate(comment: "x").publicKey, host: "n1", port: 22)
        }

        guard case .hostKeyChanged(let change) = error else {
            Issue.record("unexpected \(error)")
            return
        }
        #expect(change.line == 1)
        #expect(change.expected == key.fingerprint)
        #expect(try AtomicFile.readText(hosts.path) == before)
    }

    @Test("names hashed by ssh-keygen are found")
    func hashed() throws {
        try hosts.pin(key.publicKey, host: "n1", port: 2222)
        try hosts.pin(key.publicKey, host: "n2", port: 22)
        try #require(try shell("ssh-keygen -q -H -f '\(hosts.path)'").status == 0)
        try #require(try AtomicFile.readText(hosts.path).contains("|1|"))

        #expect(try hosts.entries(host: "n1", port: 2222).map(\.line) == [1])
        #expect(try hosts.entries(host: "n2", port: 22).map(\.line) == [2])
        #expect(try hosts.entries(host: "n3", port: 22).isEmpty)
    }

    @Test(
        "names, patterns, exclusions, comments and markers are read as ssh reads them",
        arguments: [
            (names: "n1,10.0.0.1", host: "10.0.0.1", isFound: true), (names: "*.lab", host: "a.lab", isFound: true),
            (names: "*.lab,!b.lab", host: "b.lab", isFound: false), (names: "n?", host: "n1", isFound: true),
            (names: "n?", host: "n12", isFound: false), (names: "# n1", host: "n1", isFound: false),
            (names: "@revoked n1", host: "n1", isFound: false), (names: "[n1]:22", host: "n1", isFound: false),
        ]
    )
    func patterns(names: String, host: String, isFound: Bool) throws {
        try AtomicFile.makeFolder("\(folder.path)/clusters/lab")
        try AtomicFile.write("\n\(names) \(key.publicKey)\n", to: hosts.path)

        #expect(try hosts.entries(host: host, port: 22).map(\.line) == (isFound ? [2] : []))
    }

    @Test("a line that is none is an error with its number")
    func malformed() throws {
        try AtomicFile.makeFolder("\(folder.path)/clusters/lab")
        try AtomicFile.write("n1 \(key.publicKey)\nn2 ssh-ed25519 ***\n", to: hosts.path)

        #expect(
            throws: SSHError.malformedKnownHosts(file: hosts.path, line: 2, reason: "not `NAMES TYPE BASE64`")
        ) {
            try hosts.entries(host: "n1", port: 22)
        }
    }

    @Test("many at once lose nothing, and removal takes one host only")
    func concurrency() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<40 {
                group.addTask { [hosts, key] in
                    try await runBlocking { try hosts.pin(key.publicKey, host: "n\(index)", port: 22) }
                }
            }
            try await group.waitForAll()
        }
        try hosts.remove(host: "n7", port: 22)

        for index in 0..<40 {
            #expect(try hosts.entries(host: "n\(index)", port: 22).count == (index == 7 ? 0 : 1))
        }
    }
}
