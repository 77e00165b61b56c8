// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import NIOHTTP1
import SwarmCore
import Synchronization
import Testing

@Suite("Local networks and volumes of a project", .timeLimit(.minutes(1)))
struct ProjectTests {
    private static let project = #""Labels":{"com.docker.compose.project":"shop"}"#

    /// Which engine was asked to create what.
    private final class Ledger: Sendable {
        let entries = Mutex<[String]>([])

        /// Engines that never show what they made: only the manager's memory keeps the project together.
        func engine(_ name: String) async throws -> FakeEngine {
            try await FakeEngine(name: name) { question in
                guard question.path == "/networks/create" || question.path == "/volumes/create" else {
                    return false
                }
                _ = try await question.body.collect(limit: 1 << 20)
                self.entries.withLock { $0.append(name) }
                try await question.reply(201, #"{"Id":"\#(name)","Name":"x"}"#)
                return true
            }
        }
    }

    private func create(_ client: HTTPClient, _ path: String, _ json: String) async throws -> Int {
        try await client.reply(
            to: HTTPRequest(.POST, path, headers: ["Content-Type": "application/json"]),
            body: .bytes(Array(json.utf8)),
            deadline: .after(.seconds(10))
        ).status
    }

    @Test("created at the same time, they go to one node")
    func together() async throws {
        let ledger = Ledger()
        let engines = [try await ledger.engine("node-1"), try await ledger.engine("node-2")]

        let statuses = try await withGateway(over: engines) { client in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<12 {
                    let path = number.isMultiple(of: 2) ? "/networks/create" : "/volumes/create"
                    group.addTask { try await create(client, path, #"{"Name":"n\#(number)",\#(Self.project)}"#) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }

        #expect(statuses == Array(repeating: 201, count: 12))
        #expect(Set(ledger.entries.withLock { $0 }).count == 1)
    }

    @Test("a constraint of one of them is stronger")
    func constraint() async throws {
        let ledger = Ledger()
        let engines = [try await ledger.engine("node-1"), try await ledger.engine("node-2")]
        try await withGateway(over: engines) { client in
            for node in ["node-1", "node-2", "node-1"] {
                let constraint = #""com.docker.swarm.constraints":"[\"node==\#(node)\"]""#
                let labels = #"{"com.docker.compose.project":"shop",\#(constraint)}"#
                let status = try await create(client, "/volumes/create", #"{"Name":"v","Labels":\#(labels)}"#)
                #expect(status == 201)
            }
        }

        #expect(ledger.entries.withLock { $0 } == ["node-1", "node-2", "node-1"])
    }

    private static func network(_ id: String, _ name: String) -> String {
        #"{"Id":"\#(id)","Name":"\#(name)","Scope":"local","Driver":"bridge"}"#
    }

    private func ask(_ client: HTTPClient, _ filters: String) async throws -> [String] {
        let request = HTTPRequest(.GET, "/networks", query: filters.isEmpty ? [] : [("filters", filters)])
        let reply = try await client.reply(to: request, deadline: .after(.seconds(10)))
        return try reply.json().elements.compactMap { $0["Name"]?.string }
    }

    @Test("lists show plain names to those who ask by name or for a project, unless two nodes have the name")
    func names() async throws {
        let engines = try await ["node-1", "node-2"].asyncMap { node in
            let own = node == "node-1" ? "," + Self.network("0", "shop_default") : ""
            return try await FakeEngine(name: node) { question in
                guard question.path.hasPrefix("/networks") else {
                    return false
                }
                try await question.reply(200, "[\(Self.network(node, "bridge"))\(own)]")
                return true
            }
        }
        let (all, byName, byProject, byNode) = try await withGateway(over: engines) { client in
            (
                try await ask(client, ""), try await ask(client, #"{"name":["shop_default"]}"#),
                try await ask(client, #"{"label":["com.docker.compose.project=shop"]}"#),
                try await ask(client, #"{"label":["other=shop"]}"#)
            )
        }

        #expect(all == ["node-1/bridge", "node-1/shop_default", "node-2/bridge"])
        #expect(byName == ["node-1/bridge", "shop_default", "node-2/bridge"])
        #expect(byProject == byName)
        #expect(byNode == all)
    }
}

extension Sequence where Element: Sendable {
    fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self {
            results.append(try await transform(element))
        }
        return results
    }
}
