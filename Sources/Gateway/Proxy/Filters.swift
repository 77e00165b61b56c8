// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI

/// The `filters` parameter: values by name.
package struct Filters: Sendable {
    package private(set) var values: [String: [String]]

    /// Reads `{"name":["a"]}`, and the older `{"name":{"a":true}}`.
    ///
    /// - Throws: ``GatewayError/badRequest(_:)``.
    package init(_ text: String?) throws(GatewayError) {
        values = [:]
        guard let text, !text.isEmpty else {
            return
        }
        guard let json = try? JSON(parsing: text), json.isObject else {
            throw .badRequest("invalid filters: \"\(text.prefix(200))\" is no JSON object")
        }
        for member in JSONObject(json).members {
            let found =
                member.value.isArray
                ? member.value.strings
                : JSONObject(member.value).members.filter { $0.value.bool != false }.map(\.key)
            values[member.key, default: []] += found
        }
    }

    subscript(name: String) -> [String] {
        values[name] ?? []
    }

    var isEmpty: Bool {
        values.isEmpty
    }

    /// Whether `test` accepts one of the values, or there is none.
    func accepts(_ name: String, _ test: (String) throws -> Bool) rethrows -> Bool {
        guard let wanted = values[name], !wanted.isEmpty else {
            return true
        }
        return try wanted.contains(where: test)
    }

    /// Whether all of the `label` values are there: `KEY` or `KEY=VALUE`.
    func acceptsLabels(_ all: @autoclosure () -> [String: String], name: String = "label") -> Bool {
        let wanted = self[name]
        let labels = wanted.isEmpty ? [:] : all()
        return wanted.allSatisfy { wanted in
            let sides = wanted.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let value = labels[String(sides[0])] else {
                return false
            }
            return sides.count == 1 || value == sides[1]
        }
    }

    /// Takes the values of one name out, for what only the cluster understands.
    mutating func take(_ name: String) -> [String] {
        values.removeValue(forKey: name) ?? []
    }

    /// Adds a value.
    mutating func add(_ name: String, _ value: String) {
        values[name, default: []].append(value)
    }

    /// Refuses names that are not known, in the engine's words.
    func check(known: Set<String>) throws(GatewayError) {
        if let unknown = values.keys.sorted().first(where: { !known.contains($0) }) {
            throw .badRequest("invalid filter '\(unknown)'")
        }
    }

    /// As an engine takes them; `nil` when there are none.
    package var text: String? {
        guard !values.isEmpty else {
            return nil
        }
        return JSONObject(values.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) }).json.text
    }

    /// Which names of local objects are shown without their node.
    ///
    /// Somebody who asks by a plain name, or for the objects of a project, compares the answers with
    /// plain names. A name that several nodes have needs the node all the same.
    func plainNames(among names: [String]) -> Set<String> {
        let asksByName = self["name"].contains { !$0.isEmpty && !$0.contains("/") }
        let asksForProject = self["label"].contains { label in
            ProjectDirectory.labels.contains { label.hasPrefix("\($0)=") }
        }
        guard asksByName || asksForProject else {
            return []
        }
        return Set(Dictionary(grouping: names) { $0 }.filter { $0.value.count == 1 }.keys)
    }
}
