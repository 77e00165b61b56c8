// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Cluster
import DockerAPI
import NIOHTTP1
import SwarmCore
import Testing

/// Lists of many containers, and the filter by name.
@Suite("Lists of containers", .timeLimit(.minutes(1)))
struct ContainerListTests {
    private static func element(_ number: Int, extra: String = "") -> String {
        #"{"Status":"Up","Id":"\#(id(number))","Names":["/web-\#(number)"\#(extra)],"Image":"nginx","State":"running","#
            + #""Created":\#(1_700_000_000 + number),"Ports":null,"Labels":{"n":"\#(number)"},"New":[1]}"#
    }

    private static func id(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 64 - digits.count) + digits
    }

    private func list(_ containers: [String], _ targets: [String]) async throws -> [JSON] {
        let engine = try await FakeEngine(name: "node-1", containers: "[\(containers.joined(separator: ","))]")
        return try await withGateway(over: [engine]) { client in
            var answers: [JSON] = []
            for target in targets {
                let request = HTTPRequest(.GET, "/v1.41/containers/json" + target)
                answers.append(try await client.reply(to: request, deadline: .after(.seconds(20))).json())
            }
            return answers
        }
    }

    @Test("a list of many containers is whole, the newest first, and each names its node")
    func many() async throws {
        let count = 700
        let all = try await list((0..<count).map { Self.element($0) }, ["?all=1", "?all=1&limit=3"])

        #expect(all[0].elements.map { $0["Id"]?.string } == (0..<count).reversed().map { Self.id($0) })
        #expect(
            all[0].elements.allSatisfy { $0["Names"]?.strings.allSatisfy { $0.hasPrefix("/node-1/web-") } ?? false }
        )
        #expect(all[0].elements.allSatisfy { $0["New"]?.elements.count == 1 && $0["Ports"]?.isArray == true })
        #expect(all[1].elements.count == 3)
    }

    @Test("names with escapes and links of several parts keep all of them behind the node")
    func oddNames() async throws {
        let odd = #","/a\"b","\/c","/other/alias""#
        let answer = try await list([Self.element(1, extra: odd)], ["?all=1"])

        #expect(
            answer[0].elements.first?["Names"]?.strings == [
                "/node-1/web-1", "/node-1/a\"b", "/node-1/c", "/node-1/other/alias",
            ]
        )
    }

    @Test(
        "the filter by name is an expression for what the list shows, with and without the node",
        arguments: [
            ("web-1", [1, 10, 11]), ("^/web-1$", [1]), ("^web-1$", [1]), ("b-2", [2]), ("node-1", Array(0..<12)),
            ("node-1/web-3", [3]), ("^/node-1/web-4$", [4]), ("web-[56]$", [5, 6]), ("^/node-1$", []), ("nothing", []),
            ("web.7", [7]), ("/web-8", [8]), ("$", Array(0..<12)),
        ]
    )
    func names(filter: String, numbers: [Int]) async throws {
        let filters = PercentEncoding.encode(#"{"name":["\#(filter)"]}"#)
        let answer = try await list((0..<12).map { Self.element($0) }, ["?all=1&filters=\(filters)"])

        let found = answer[0].elements.compactMap { $0["Labels"]?["n"]?.string.flatMap { Int($0) } }
        #expect(found.sorted() == numbers)
    }

    @Test("labels are found by name and by value, and all of them must be there")
    func labels() async throws {
        let targets = [#"{"label":["n=3"]}"#, #"{"label":["n"]}"#, #"{"label":["n","n=x"]}"#, #"{"node":["node-1"]}"#]
        let answers = try await list(
            (0..<5).map { Self.element($0) },
            targets.map { "?all=1&filters=\(PercentEncoding.encode($0))" }
        )

        #expect(answers.map(\.elements.count) == [1, 5, 0, 5])
    }

    @Test("each container has the line of its own state, age, exit code and health, and keeps its other members")
    func lines() async throws {
        let now = WallTime.now
        // Far enough from where the words change.
        let ages: [Double] = [65, 130, 1000, 3010, 3700, 5500, 7300, 90_000, 700_000, 3_000_000, 40_000_000]
        let kinds = [
            ("running", 0, ""), ("running", 0, "healthy"), ("exited", 0, ""), ("exited", 137, ""), ("paused", 0, ""),
        ]
        let all = ages.flatMap { age in kinds.map { (age: age, kind: $0) } }
        let engine = try await FakeEngine(
            name: "node-1",
            containers: "[\(all.enumerated().map { Self.usual($0, $1.kind.0) }.joined(separator: ","))]"
        ) { question in
            guard let digits = question.path.split(separator: "/").dropFirst().first, digits.count == 64,
                let number = Int(digits, radix: 16)
            else {
                return false
            }
            let entry = all[number]
            let time = WallTime.format(now - entry.age)
            let state =
                #"{"StartedAt":"\#(time)","FinishedAt":"\#(time)","ExitCode":\#(entry.kind.1),"#
                + #""Health":{"Status":"\#(entry.kind.2)"}}"#
            try await question.reply(200, #"{"Id":"\#(digits)","State":\#(state),"Config":{},"HostConfig":{}}"#)
            return true
        }
        let answer = try await withGateway(over: [engine]) { client in
            let request = HTTPRequest(.GET, "/v1.41/containers/json?all=1")
            return try await client.reply(to: request, deadline: .after(.seconds(20))).json()
        }

        let expected = all.map { age, kind in
            let time = WallTime.describe(seconds: age)
            return switch kind.0 {
            case "running": "Up \(time)" + (kind.2.isEmpty ? "" : " (\(kind.2))")
            case "paused": "Up \(time) (Paused)"
            default: "Exited (\(kind.1)) \(time) ago"
            }
        }
        let found = answer.elements.reversed()
        #expect(found.map { $0["Status"]?.string } == expected)
        #expect(found.enumerated().allSatisfy { $1["Names"]?.strings == ["/node-1/web-\($0)"] })
        #expect(found.allSatisfy { $0["New"]?.elements.count == 1 && $0["State"]?.string != nil })
    }

    /// With its members in the order in which an engine writes them.
    private static func usual(_ number: Int, _ state: String) -> String {
        #"{"Id":"\#(id(number))","Names":["/web-\#(number)"],"Image":"nginx","Created":\#(1_700_000_000 + number),"#
            + #""Ports":[],"Labels":{},"State":"\#(state)","Status":"once","New":[1]}"#
    }
}
