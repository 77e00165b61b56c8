// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import Foundation
import NIOHTTP1
import SwarmCore
import Testing

/// Each rewriting of an answer, byte for byte.
@Suite("Rewriting of answers", .timeLimit(.minutes(2)))
struct GoldenTests {
    @Test("gives what its file says", arguments: GoldenFile.names)
    func rewriting(name: String) async throws {
        let golden = try GoldenFile(name)
        let engines = [try await golden.engine("node-1"), try await golden.engine("node-2")]

        let reply = try await withGateway(over: engines) { client in
            try await client.reply(
                to: HTTPRequest(golden.method, golden.target, headers: ["Content-Type": "application/json"]),
                body: golden.body.isEmpty ? .none : .bytes(Array(golden.body.utf8)),
                deadline: .after(.seconds(20))
            )
        }

        let addresses = [(engines[0].address, "ADDRESS-1"), (engines[1].address, "ADDRESS-2")]
        let text = addresses.reduce(String(decoding: reply.body, as: UTF8.self)) { $0.replacing($1.0, with: $1.1) }
            .replacing("\r\n", with: "\n")
            .replacing(#/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/#, with: "TIME")
        if ProcessInfo.processInfo.environment["SWARMCTL_RECORD"] != nil {
            try golden.record(status: reply.status, answer: text)
        }
        #expect(reply.status == golden.status)
        #expect(text == golden.expected)
    }

    @Test("has a file for each kind of answer that is changed")
    func coverage() {
        let needed = [
            "container-inspect", "containers-list", "events", "images-list", "images-prune", "image-remove", "info",
            "network-inspect", "networks-list", "plugins-list", "pull", "pull-failed", "system-df", "version",
            "volume-inspect", "volumes-list",
        ]

        #expect(Set(needed.map { $0 + ".http" }).subtracting(GoldenFile.names) == [])
    }
}
