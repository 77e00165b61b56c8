// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SwarmCore
import Testing

@testable import Provisioning

@Suite("DaemonConfiguration")
struct DaemonConfigurationTests {
    private func merge(
        _ text: String?,
        options: EngineOptions = EngineOptions(),
        unit: [String] = ["fd://"],
        hasFront: Bool = false,
        keeps: Bool = true
    ) throws(DaemonConfiguration.Problem) -> DaemonConfiguration {
        try DaemonConfiguration(
            text: text,
            base: .object([.init(key: "tlsverify", value: .bool(true))]),
            options: options,
            port: 2376,
            hasFront: hasFront,
            unitHosts: unit,
            keepsContainers: keeps
        )
    }

    @Test("a host without a file gets the unit's socket, ours, TLS and live-restore")
    func noFile() throws {
        let merged = try merge(nil).merged

        #expect(merged["hosts"] == .strings(["fd://", "tcp://0.0.0.0:2376"]))
        #expect(merged["tlsverify"] == .bool(true))
        #expect(merged["live-restore"] == .bool(true))
        #expect(merged["storage-driver"] == nil)
    }

    @Test("with a front the engine listens for it, and at the port again without")
    func front() throws {
        let text = #"{"hosts":["fd://","tcp://0.0.0.0:2376","tcp://127.0.0.1:2375"]}"#

        let with = try merge(text, hasFront: true).merged
        let without = try merge(with.text()).merged

        #expect(
            with["hosts"] == .strings(["fd://", "tcp://127.0.0.1:2375", "unix:///run/swarmctl-engine.sock"])
        )
        #expect(without["hosts"] == .strings(["fd://", "tcp://127.0.0.1:2375", "tcp://0.0.0.0:2376"]))
    }

    @Test("keys that are not ours keep their order, their values and the text of their numbers")
    func keepsOwnKeys() throws {
        let text = #"{"max-download-attempts": 5, "default-ulimits": {"nofile": {"Hard": 6.40e4}}, "debug": true}"#

        let merged = try merge(text).merged

        guard case .object(let members) = merged else {
            Issue.record("no object")
            return
        }
        #expect(members.prefix(3).map(\.key) == ["max-download-attempts", "default-ulimits", "debug"])
        #expect(merged["default-ulimits"]?["nofile"]?["Hard"] == .number("6.40e4"))
    }

    @Test("merging what was merged changes nothing")
    func idempotent() throws {
        var options = EngineOptions()
        options.labels = ["provider=generic"]
        options.registryMirrors = ["https://m"]
        let first = try merge(#"{"labels":["rack=7"]}"#, options: options)

        let second = try merge(first.merged.text(), options: options)

        #expect(!first.isCurrent)
        #expect(second.isCurrent)
    }

    @Test(
        "the engine keeps its local socket and listens once on our port",
        arguments: [
            (
                own: #"["unix:///var/run/docker.sock"]"#, unit: ["fd://"],
                hosts: ["unix:///var/run/docker.sock", "tcp://0.0.0.0:2376"]
            ),
            (
                own: #"["tcp://127.0.0.1:2375"]"#, unit: [],
                hosts: ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2375", "tcp://0.0.0.0:2376"]
            ),
            (own: #"["tcp://10.0.0.1:2376", "fd://"]"#, unit: [], hosts: ["fd://", "tcp://0.0.0.0:2376"]),
            (
                own: "[]", unit: ["unix:///other.sock"],
                hosts: ["unix:///var/run/docker.sock", "unix:///other.sock", "tcp://0.0.0.0:2376"]
            ),
        ] as [(own: String, unit: [String], hosts: [String])]
    )
    func hosts(own: String, unit: [String], hosts: [String]) throws {
        #expect(try merge("{\"hosts\": \(own)}", unit: unit).merged["hosts"]?.strings == hosts)
    }

    @Test("labels are merged; ours replaces the host's label with the same key")
    func labels() throws {
        var options = EngineOptions()
        options.labels = ["provider=generic"]

        let merged = try merge(#"{"labels": ["provider=old", "rack=7"]}"#, options: options).merged

        #expect(merged["labels"]?.strings == ["rack=7", "provider=generic"])
    }

    @Test("in Swarm mode live-restore is left alone")
    func swarmMode() throws {
        #expect(try merge("{}", keeps: false).merged["live-restore"] == nil)
    }

    @Test(
        "a file that is not what the engine takes is an error that says where",
        arguments: [
            (text: "{\"debug\": true,}", reason: "line 1, column 16: a key between double quotes expected"),
            (text: "{\n  \"debug\" true\n}", reason: "line 2, column 11: \":\" expected"),
            (text: "[]", reason: "it is not a JSON object"),
            (text: "{} {}", reason: "line 1, column 4: text after the end of the document"),
            (text: "{\"a\": ", reason: "line 1, column 7: the text ends too early"),
            (text: "{\"hosts\": \"fd://\"}", reason: "\"hosts\" is not a list of strings"),
        ]
    )
    func malformed(text: String, reason: String) throws {
        #expect(throws: DaemonConfiguration.Problem.malformed(reason: reason)) { try merge(text) }
    }

    @Test("nesting has a limit, so that a file cannot exhaust the stack")
    func deep() {
        let text = "{\"a\":" + String(repeating: "[", count: 100_000)

        #expect(throws: DaemonConfiguration.Problem.self) { try merge(text) }
    }

    @Test("keys that are ours cannot be set as options; others win over the host's")
    func settings() throws {
        var options = EngineOptions()
        options.settings = [EngineSetting(key: "log-opts", json: #"{"max-size": "10m"}"#)]
        #expect(try merge(#"{"log-opts": {}}"#, options: options).merged["log-opts"]?["max-size"] == .string("10m"))

        options.settings = [EngineSetting(key: "hosts", json: "[]")]
        #expect(throws: DaemonConfiguration.Problem.self) { try merge(nil, options: options) }
    }

    @Test("without what we wrote, the owner's later changes stay and ours go")
    func unmerged() throws {
        let original = try JSONParser.parse(#"{"debug": true, "labels": ["rack=7"], "mtu": 1400}"#)
        let written = try merge(#"{"debug": true, "labels": ["rack=7"], "mtu": 1400}"#).merged
        var current = written
        current["debug"] = .bool(false)
        current["ipv6"] = .bool(true)
        current["mtu"] = nil

        let left = DaemonConfiguration.unmerged(current: current, written: written, original: original)

        #expect(left == (try JSONParser.parse(#"{"debug": false, "labels": ["rack=7"], "ipv6": true}"#)))
    }
}

@Suite("JSONParser")
struct JSONParserTests {
    @Test("strings are read with all escapes and written so that they are read the same")
    func strings() throws {
        let value = try JSONParser.parse(#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00 é""#)

        #expect(value == .string("a\"\\/\u{8}\u{C}\n\r\té😀 é"))
        #expect(try JSONParser.parse(value.text()) == value)
    }

    @Test("of two members with one key the last counts, in the first one's place")
    func doubleKeys() throws {
        #expect(try JSONParser.parse(#"{"a":1,"b":2,"a":3}"#).text() == "{\n    \"a\": 3,\n    \"b\": 2\n}")
    }

    @Test(
        "what is no JSON is refused",
        arguments: ["", "nul", "+1x", "\"a", "\"\\x\"", "\"\\u12\"", "{\"a\"}", "[1 2]", "\"\u{1}\""]
    )
    func refused(text: String) {
        #expect(throws: JSONParser.Failure.self) { try JSONParser.parse(text) }
    }
}
