// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A JSON document that keeps the order of its keys and the text of its numbers.
///
/// For daemon.json, which people write by hand: what is not ours must look the same afterwards.
enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The digits as they were written.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// One key and its value.
    struct Member: Sendable, Equatable {
        var key: String
        var value: JSONValue
    }

    /// The value of `key` in an object; `nil` when there is none.
    ///
    /// Setting `nil` removes it; a new key goes last.
    subscript(key: String) -> JSONValue? {
        get {
            guard case .object(let members) = self else {
                return nil
            }
            return members.first { $0.key == key }?.value
        }
        set {
            guard case .object(var members) = self else {
                return
            }
            let place = members.firstIndex { $0.key == key }
            switch (place, newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil): members.remove(at: place)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
            self = .object(members)
        }
    }

    /// The strings of an array of strings; `nil` for anything else.
    var strings: [String]? {
        guard case .array(let items) = self else {
            return nil
        }
        let strings = items.compactMap { item -> String? in
            if case .string(let text) = item { text } else { nil }
        }
        return strings.count == items.count ? strings : nil
    }

    static func strings(_ values: [String]) -> JSONValue {
        .array(values.map { .string($0) })
    }

    /// The document as text, objects and arrays indented by four spaces a level.
    func text(indent: Int = 0) -> String {
        let inner = String(repeating: " ", count: indent + 4)
        let outer = String(repeating: " ", count: indent)
        switch self {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .number(let digits): return digits
        case .string(let value): return Self.quoted(value)
        case .array(let items) where items.isEmpty: return "[]"
        case .object(let members) where members.isEmpty: return "{}"
        case .array(let items):
            let lines = items.map { inner + $0.text(indent: indent + 4) }
            return "[\n" + lines.joined(separator: ",\n") + "\n\(outer)]"
        case .object(let members):
            let lines = members.map { "\(inner)\(Self.quoted($0.key)): \($0.value.text(indent: indent + 4))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
