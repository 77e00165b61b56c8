// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import OperatorCommands
import SwarmCore
import Testing

@Suite("GoTemplate")
struct GoTemplateTests {
    static let data = try? JSONValue(
        parsing: Array(
            #"{"name":"lab","n":3,"up":true,"none":null,"tags":["a","b"],"map":{"y":2,"x":1},"list":[{"id":1},{"id":2}]}"#
                .utf8
        )
    )

    @Test(
        "templates give what Go gives",
        arguments: [
            ("plain", "plain"),
            ("{{.name}}", "lab"),
            ("{{ .map.x }}-{{.n}}", "1-3"),
            ("{{.missing}}", "<no value>"),
            ("{{.tags}}", "[a b]"),
            ("{{.map}}", "map[x:1 y:2]"),
            ("{{json .map}}", #"{"x":1,"y":2}"#),
            ("{{.map | json}}", #"{"x":1,"y":2}"#),
            ("{{prettyjson .tags}}", "[\n    \"a\",\n    \"b\"\n]"),
            ("{{range .tags}}<{{.}}>{{end}}", "<a><b>"),
            ("{{range $i, $t := .tags}}{{$i}}={{$t}};{{end}}", "0=a;1=b;"),
            ("{{range $k, $v := .map}}{{$k}}{{$v}}{{end}}", "x1y2"),
            ("{{range .list}}{{.id}}{{$.name}} {{end}}", "1lab 2lab "),
            ("{{range .none}}x{{else}}empty{{end}}", "empty"),
            ("{{if .up}}yes{{else}}no{{end}}", "yes"),
            ("{{if .none}}a{{else if eq .n 3}}b{{else}}c{{end}}", "b"),
            ("{{with .map}}{{.x}}{{end}}", "1"),
            ("{{len .tags}}{{len .name}}", "23"),
            ("{{index .tags 1}}", "b"),
            ("{{index .map \"y\"}}", "2"),
            ("{{(index .list 1).id}}", "2"),
            ("{{if and .up (gt .n 2)}}big{{end}}", "big"),
            ("{{or .none .name}}", "lab"),
            ("{{not .up}}", "false"),
            ("a {{- .n -}} b", "a3b"),
            ("a{{/* a comment */}}b", "ab"),
            (#"{{"quoted }} text"}}{{`raw "`}}"#, #"quoted }} textraw ""#),
            ("{{$x := .n}}{{$x}}", "3"),
            ("{{join .tags \", \"}}", "a, b"),
            ("{{upper .name}}", "LAB"),
            (#"{{.name}}\t{{.n}}\n"#, "lab\t3\n"),
            ("{{.Name}}", "lab"),
        ]
    )
    func render(template: String, expected: String) throws {
        let data = try #require(Self.data)

        #expect(try GoTemplate(parsing: template).render(data) == expected)
    }

    @Test(
        "a template that cannot be read says why",
        arguments: [
            ("{{.name", "without \"}}\""),
            ("{{}}", "empty"),
            ("{{frob .name}}", "\"frob\" is not defined"),
            ("{{if .up}}", "without \"end\""),
            ("{{end}}", "\"end\" without"),
            ("{{else}}", "\"else\" without"),
            ("{{(.name}}", "\"(\" without"),
            ("{{.name)}}", "\")\" without"),
            ("{{| json}}", "missing before"),
            ("{{json |}}", "a value is missing"),
            ("{{\"open}}", "without \"}}\""),
            ("{{template \"x\"}}", "not supported"),
            ("{{.a..b}}", "missing after"),
            ("{{1x}}", "no number"),
        ]
    )
    func malformed(template: String, problem: String) throws {
        let error = try #require(throws: OperatorError.self) { try GoTemplate(parsing: template) }

        #expect(error.kind == .usage)
        #expect(error.message.contains(problem), "\(error.message)")
    }

    @Test(
        "a template that cannot be filled says why",
        arguments: ["{{.name.x}}", "{{.none.x}}", "{{index .tags 7}}", "{{len .n}}", "{{$y}}", "{{range .n}}{{end}}"]
    )
    func failing(template: String) throws {
        let data = try #require(Self.data)

        let error = try #require(throws: OperatorError.self) { try GoTemplate(parsing: template).render(data) }

        #expect(error.kind == .failed)
    }

    @Test("nesting beyond all reason is an error, not a crash")
    func deep() {
        let blocks = String(repeating: "{{if .up}}", count: 5000) + String(repeating: "{{end}}", count: 5000)
        let groups = "{{" + String(repeating: "(", count: 5000) + ".n" + String(repeating: ")", count: 5000) + "}}"

        #expect(throws: OperatorError.self) { try GoTemplate(parsing: blocks) }
        #expect(throws: OperatorError.self) { try GoTemplate(parsing: groups) }
    }
}
