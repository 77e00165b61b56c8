// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import MachineDrivers
import Synchronization

/// What a provider publishes about its API: which calls there are, and what they take and give.
struct ProviderSchema: Sendable {
    private let operations: [JSON]
    private let check: SchemaCheck

    private static let known = Mutex<[String: ProviderSchema]>([:])

    /// The schema in `Schemas/NAME.json`, read once.
    static func named(_ name: String) throws -> ProviderSchema {
        if let schema = known.withLock({ $0[name] }) {
            return schema
        }
        let schema = try ProviderSchema(name)
        known.withLock { $0[name] = schema }
        return schema
    }

    private init(_ name: String) throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Schemas/\(name).json").standardizedFileURL
        let document = try JSON(parsing: Array(try Data(contentsOf: path)))
        operations = document["operations"].elements
        check = SchemaCheck(definitions: document["definitions"].members)
    }

    /// What is wrong with a request; empty when it is as published.
    func faults(method: String, path: String, query: [String: String], body: JSON?) -> [String] {
        guard let operation = operation(method, path) else {
            return ["there is no \(method) \(path)"]
        }
        let known = operation["query"].members
        let strangers = query.keys.filter { known[$0] == nil }.map { "query: unknown \($0)" }
        let values = query.flatMap { name, value in
            check.faults(in: Self.value(value, known[name] ?? .null), known[name] ?? .null, at: "query.\(name)")
        }
        switch (body, operation["body"]) {
        case (nil, .null): return strangers + values
        case (nil, _): return strangers + values + ["the body is missing"]
        case (_, .null): return strangers + values + ["there must be no body"]
        case (let body?, let schema): return strangers + values + check.faults(in: body, schema, at: "body")
        }
    }

    /// What is wrong with an answer.
    func faults(method: String, path: String, status: Int, answer: JSON) -> [String] {
        let answers = operation(method, path)?["answers"].members ?? [:]
        guard let schema = answers["\(status)"] ?? answers["default"] else {
            return status < 300 ? ["status \(status) is not published for \(method) \(path)"] : []
        }
        return schema.isNull ? [] : check.faults(in: answer, schema, at: "answer", isClosed: false)
    }

    private func operation(_ method: String, _ path: String) -> JSON? {
        let candidates = operations.filter { $0["method"].text == method && matches($0["path"].text ?? "", path) }
        // One without a placeholder goes before one with.
        return candidates.min {
            ($0["path"].text ?? "").count { $0 == "{" } < ($1["path"].text ?? "").count { $0 == "{" }
        }
    }

    private func matches(_ pattern: String, _ path: String) -> Bool {
        let (wanted, given) = (pattern.split(separator: "/"), path.split(separator: "/"))
        return wanted.count == given.count
            && zip(wanted, given).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }

    /// A parameter of a query as the schema has it: numbers and booleans are text there.
    private static func value(_ text: String, _ schema: JSON) -> JSON {
        switch schema["type"].text {
        case "integer": Int(text).map { .integer($0) } ?? .string(text)
        case "boolean": text == "true" ? true : text == "false" ? false : .string(text)
        default: .string(text)
        }
    }
}

/// Compares documents with JSON schemas, member by member.
struct SchemaCheck: Sendable {
    let definitions: [String: JSON]

    /// What does not fit, each with its place.
    ///
    /// - Parameters:
    ///   - value: the document.
    ///   - schema: types, members, enumerations, patterns, lengths, alternatives and references.
    ///   - place: where it is, for messages.
    ///   - isClosed: whether members that are not published are faults.
    /// - Returns: one line for each fault.
    func faults(in value: JSON, _ schema: JSON, at place: String, isClosed: Bool = true) -> [String] {
        if let name = schema["$ref"].text?.split(separator: "/").last.map(String.init) {
            return faults(in: value, definitions[name] ?? .null, at: place, isClosed: isClosed)
        }
        if value.isNull, schema["nullable"] == true || !isClosed {
            return []
        }
        for alternatives in [schema["oneOf"].elements, schema["anyOf"].elements] where !alternatives.isEmpty {
            let results = alternatives.map { faults(in: value, $0, at: place, isClosed: isClosed) }
            return results.contains([]) ? [] : results.min { $0.count < $1.count } ?? []
        }
        return typeFaults(value, schema, place) + textFaults(value, schema, place)
            + memberFaults(value, schema, place, isClosed)
            + value.elements.enumerated().flatMap {
                faults(in: $1, schema["items"], at: "\(place)[\($0)]", isClosed: isClosed)
            }
    }

    private func typeFaults(_ value: JSON, _ schema: JSON, _ place: String) -> [String] {
        let types = schema["type"].text.map { [$0] } ?? schema["type"].elements.compactMap(\.text)
        let fits = types.isEmpty || types.contains { Self.fits(value, $0) }
        let enumeration = schema["enum"].elements
        return (fits ? [] : ["\(place) is no \(types.joined(separator: " or "))"])
            + (enumeration.isEmpty || enumeration.contains(value) ? [] : ["\(place) is none of the values"])
    }

    private static func fits(_ value: JSON, _ type: String) -> Bool {
        switch (type, value) {
        case ("string", .string), ("integer", .integer), ("boolean", .bool), ("array", .array), ("object", .object),
            ("number", .number), ("number", .integer), ("null", .null):
            true
        default: false
        }
    }

    private func textFaults(_ value: JSON, _ schema: JSON, _ place: String) -> [String] {
        guard case .string(let text) = value else {
            return []
        }
        var faults: [String] = []
        if let pattern = schema["pattern"].text, text.range(of: pattern, options: .regularExpression) == nil {
            faults.append("\(place) does not match \(pattern)")
        }
        if let longest = schema["maxLength"].integer, text.count > longest {
            faults.append("\(place) is longer than \(longest)")
        }
        if let shortest = schema["minLength"].integer, text.count < shortest {
            faults.append("\(place) is shorter than \(shortest)")
        }
        return faults
    }

    private func memberFaults(_ value: JSON, _ schema: JSON, _ place: String, _ isClosed: Bool) -> [String] {
        guard case .object(let members) = value else {
            return []
        }
        let known = schema["properties"].members
        let missing = schema["required"].elements.compactMap(\.text).filter { members[$0] == nil }
        var faults = missing.map { "\(place).\($0) is missing" }
        for (name, member) in members {
            if let schema = known[name] {
                faults += self.faults(in: member, schema, at: "\(place).\(name)", isClosed: isClosed)
            } else if case .object = schema["additionalProperties"] {
                faults += self.faults(in: member, schema["additionalProperties"], at: "\(place).\(name)")
            } else if isClosed, !known.isEmpty {
                faults.append("\(place).\(name) is not published")
            }
        }
        return faults
    }
}
