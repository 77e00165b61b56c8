// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import Foundation
import Yams

/// Docker's description of its API (OpenAPI 2), as far as the shapes of answers go.
struct ShapeChecker {
    private let root: Node

    init() throws {
        let path = Testbed.checkout + "/Tests/IntegrationTests/Fixtures/docker-api-1.41.yaml"
        root = try compose(yaml: try String(contentsOfFile: path, encoding: .utf8)) ?? Node("")
    }

    /// The paths that can be read, as in the description: `/containers/{id}/json`.
    var readablePaths: [String] {
        (root["paths"]?.mapping ?? [:]).filter { $0.value["get"] != nil }.compactMap(\.key.string)
    }

    /// The schema of the answer with status 200; `nil` when it has no JSON.
    private func schema(ofPath path: String) -> Node? {
        root["paths"]?[path]?["get"]?["responses"]?.mapping?.first { $0.key.int == 200 }?.value["schema"]
    }

    /// What in an answer is not as described, one line each, without the places' numbers and names.
    func violations(of json: JSON, path: String) -> Set<String> {
        var found: Set<String> = []
        if let schema = schema(ofPath: path) {
            check(json, schema, at: "", &found)
        }
        return found
    }

    private func resolve(_ schema: Node) -> Node {
        guard let reference = schema["$ref"]?.string else {
            return schema
        }
        return reference.split(separator: "/").dropFirst().reduce(root) { $0[String($1)] ?? Node("") }
    }

    private func check(_ json: JSON, _ unresolved: Node, at place: String, _ found: inout Set<String>) {
        let schema = resolve(unresolved)
        for part in schema["allOf"]?.array() ?? [] {
            check(json, part, at: place, &found)
        }
        // Go writes empty lists and objects as null, whatever the description says.
        guard !json.isNull else {
            return
        }
        switch schema["type"]?.string {
        case "object": checkObject(json, schema, at: place, &found)
        case "array":
            guard json.isArray else {
                found.insert("\(place): no list")
                return
            }
            for element in json.elements {
                schema["items"].map { check(element, $0, at: place + "[]", &found) }
            }
        case "string" where json.string == nil: found.insert("\(place): no text")
        case "integer" where json.int == nil: found.insert("\(place): no whole number")
        case "number" where json.double == nil: found.insert("\(place): no number")
        case "boolean" where json.bool == nil: found.insert("\(place): neither true nor false")
        default: break
        }
        let words = schema["enum"]?.array().compactMap(\.string) ?? []
        if let text = json.string, !words.isEmpty, !words.contains(text) {
            found.insert("\(place): none of the words")
        }
    }

    private func checkObject(_ json: JSON, _ schema: Node, at place: String, _ found: inout Set<String>) {
        guard json.isObject else {
            found.insert("\(place): no object")
            return
        }
        let members = Dictionary(JSONObject(json).members.map { ($0.key, $0.value) }) { first, _ in first }
        for name in schema["required"]?.array().compactMap(\.string) ?? [] where members[name] == nil {
            found.insert("\(place).\(name): missing")
        }
        let properties = schema["properties"]?.mapping ?? [:]
        for (name, value) in members {
            if let property = properties[Node(name)] {
                check(value, property, at: "\(place).\(name)", &found)
            } else if let other = schema["additionalProperties"], other.mapping != nil {
                check(value, other, at: "\(place).*", &found)
            }
        }
    }

    /// The names of an object's described members that an answer lacks: what clients may look for.
    func absent(from json: JSON, path: String) -> Set<String> {
        guard let schema = schema(ofPath: path).map({ resolve($0) }) else {
            return []
        }
        let element = schema["items"].map { resolve($0) } ?? schema
        let object = json.isArray ? json.elements.first ?? .emptyObject : json
        let described = (element["properties"]?.mapping ?? [:]).compactMap(\.key.string)
        return Set(described.filter { object[$0] == nil })
    }
}
