// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// Wrong uses of the command line: each a clear error with its exit status, and nothing changed.
@Suite("Wrong uses")
struct WrongUseIntegrationTests {
    struct Use: Sendable, CustomTestStringConvertible {
        let words: String
        let status: Int32
        /// What the first line of the error must hold.
        let says: String
        var testDescription: String { words }
    }

    static let uses = [
        Use(words: "status ghost", status: 10, says: "ghost"),
        Use(words: "env ghost", status: 10, says: "ghost"),
        Use(words: "rm ghost -y", status: 10, says: "ghost"),
        Use(words: "ssh ghost true", status: 10, says: "ghost"),
        Use(words: "scale cluster ghost --nodes 2", status: 10, says: "ghost"),
        Use(words: "create cluster lab --nodes 0", status: 64, says: "nodes"),
        Use(words: "create cluster lab --nodes three", status: 64, says: "three"),
        Use(words: "create cluster -- -lab", status: 64, says: "-lab"),
        Use(words: "create cluster lab/../x", status: 64, says: "lab/../x"),
        Use(words: "create cluster lab --host root@", status: 64, says: "root@"),
        Use(words: "create cluster lab --host root@127.0.0.1:99999", status: 64, says: "99999"),
        Use(
            words: "create cluster lab --host root@127.0.0.1 --ssh-key /nonexistent/key",
            status: 10,
            says: "/nonexistent/key"
        ),
        Use(words: "create cluster lab --driver warp", status: 64, says: "warp"),
        Use(words: "create cluster lab --strategy sideways", status: 64, says: "sideways"),
        Use(words: "create cluster -f /nonexistent.yaml", status: 10, says: "/nonexistent.yaml"),
        Use(words: "create machine m --driver local --warp-speed 9", status: 64, says: "warp-speed"),
        Use(words: "frobnicate", status: 64, says: "frobnicate"),
        Use(words: "ip", status: 10, says: "no cluster"),
    ]

    @Test("a wrong use says what is wrong, with the exit status of the table", arguments: uses)
    func wrongUse(use: Use) async throws {
        try await Sandbox.with { sandbox in
            let result = try await sandbox.swarmctl(use.words.split(separator: " ").map(String.init))

            #expect(result.status == use.status, "\(result)")
            #expect(result.output.isEmpty)
            #expect(result.errors.hasPrefix("Error: "), "\(result.errors)")
            #expect(result.errors.contains(use.says), "\(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: sandbox.store + "/clusters/lab"))
        }
    }

    @Test("a create that the driver refuses makes no key, no record and no authority")
    func refusedCreate() async throws {
        try await Sandbox.with { sandbox in
            let words = ["create", "cluster", "lab", "--driver", "qemu", "--qemu-image", "/nonexistent.img", "-y"]
            let result = try await sandbox.swarmctl(words)

            #expect(result.status == 64, "\(result)")
            #expect(result.errors.contains("/nonexistent.img"), "\(result.errors)")
            let made = FileManager.default.enumerator(atPath: sandbox.store)?.compactMap { $0 as? String } ?? []
            #expect(made.filter { !$0.hasSuffix("lock") }.sorted() == ["clusters", "clusters/lab"])
        }
    }

    @Test("with --format json the error is an object on standard error")
    func jsonError() async throws {
        try await Sandbox.with { sandbox in
            let result = try await sandbox.swarmctl(["ls", "--format", "json"])
            #expect(result.status == 0)

            let failed = try await sandbox.swarmctl(["status", "ghost", "--format", "json"])

            let object = try JSONSerialization.jsonObject(with: Data(failed.errors.utf8)) as? [String: [String: String]]
            #expect(object?["error"]?["kind"] == "not-found")
            #expect(object?["error"]?["message"] == "no cluster or machine named \"ghost\"")
            #expect(failed.status == 10)
        }
    }
}
