// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Scheduling
import SwarmCore
import Testing

struct PlacementExpressionTests {
    @Test(
        "values are compared as classic swarm does",
        arguments: [
            (expression: "storage==ssd", value: "ssd", holds: true),
            (expression: "storage==ssd", value: "ssdx", holds: false),
            (expression: "storage!=ssd", value: "disk", holds: true),
            (expression: "storage!=ssd", value: "ssd", holds: false),
            (expression: "region==us*", value: "us-east", holds: true),
            (expression: "region==us*", value: "eu-us", holds: false),
            (expression: "region==*east*", value: "us-east-1", holds: true),
            (expression: "node==/node[12]/", value: "node1", holds: true),
            (expression: "node==/node[12]/", value: "node3", holds: false),
            (expression: "node!=/node-[01]-id/", value: "node-2-id", holds: true),
            (expression: "node==/(?i)node1/", value: "NODE1", holds: true),
            (expression: "node==/^no.e\\d+$/", value: "node12", holds: true),
            (expression: "node==/^(foo|ba{2,3}r)$/", value: "baaar", holds: true),
            (expression: "node==/^(foo|ba{2,3}r)$/", value: "bar", holds: false),
            (expression: "node==/a.c/", value: "a\nc", holds: false),
            (expression: "node==/(?s)a.c/", value: "a\nc", holds: true),
            (expression: "node==/(?i:NO)de/", value: "node", holds: true),
            (expression: "node==/[^[:digit:]]$/", value: "node1", holds: false),
            (expression: "node==/\\bdb\\b/", value: "my-db-1", holds: true),
            (expression: "kernelversion==3.*.0-23-*", value: "3.13.0-23-generic", holds: true),
        ]
    )
    func comparison(expression: String, value: String, holds: Bool) throws {
        let parsed = try PlacementExpression(parsing: expression)

        #expect(parsed.accepts([value]) == holds)
    }

    @Test("a node without the label meets only negated conditions")
    func missingValue() throws {
        #expect(try !PlacementExpression(parsing: "storage==*").accepts([]))
        #expect(try PlacementExpression(parsing: "storage!=ssd").accepts([]))
    }

    @Test("a tilde makes it soft and is no part of the value")
    func soft() throws {
        let parsed = try PlacementExpression(parsing: "node!=~web*")

        #expect(parsed.isSoft)
        #expect(parsed.value == "web*")
        #expect(parsed.description == "node!=~web*")
    }

    @Test(
        "what is malformed is reported with the offset of the bad character",
        arguments: [
            (text: "storage=ssd", offset: 11),
            (text: "storage", offset: 7),
            (text: "", offset: 0),
            (text: "==ssd", offset: 0),
            (text: "1st==x", offset: 0),
            (text: "sto rage==x", offset: 3),
            (text: "storage==", offset: 9),
            (text: "storage==~", offset: 10),
            (text: "node==/a(b/", offset: 8),
            (text: "node==/[a/", offset: 7),
            (text: "node==/*a/", offset: 7),
            (text: "node==/a)/", offset: 8),
            (text: "node==/a\\/", offset: 8),
            (text: "node==/a{3,1}/", offset: 8),
            (text: "node==/(?x)a/", offset: 9),
            (text: "node==a\u{7}", offset: 7),
        ]
    )
    func malformed(text: String, offset: Int) throws {
        let error = try #require(throws: SchedulingError.self) { try PlacementExpression(parsing: text) }

        guard case .malformedExpression(text, let reported, _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(reported == offset)
        #expect(error.message.contains("\"\(text)\""))
        #expect(error.kind == .usage)
    }

    @Test("a pattern that takes others exponential time is matched at once, and a huge one is refused")
    func hostilePatterns() throws {
        let parsed = try PlacementExpression(parsing: "node==/^(a+)+$/")
        let nested = String(repeating: "(", count: 5000) + String(repeating: ")", count: 5000)

        #expect(!parsed.accepts([String(repeating: "a", count: 5000) + "b"]))
        #expect(throws: SchedulingError.self) { try PlacementExpression(parsing: "node==/(a{1000}){1000}/") }
        #expect(throws: SchedulingError.self) { try PlacementExpression(parsing: "node==/\(nested)/") }
    }
}
