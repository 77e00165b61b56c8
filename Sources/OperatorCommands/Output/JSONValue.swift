// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation

/// Any JSON value: what templates look into, and replies whose shape depends on the engine's version.
package enum JSONValue: Sendable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Reads JSON text.
    ///
    /// - Throws: `DecodingError`.
    package init(parsing bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
    }

    /// Turns any value into what its JSON would hold.
    package init(encoding value: some Encodable) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: try JSONEncoder().encode(value))
    }

    /// The member `name` of an object; `null` for anything else.
    package subscript(name: String) -> JSONValue {
        guard case .object(let members) = self else {
            return .null
        }
        return members[name] ?? .null
    }

    package var string: String? {
        guard case .string(let text) = self else {
            return nil
        }
        return text
    }

    package var integer: Int? {
        guard case .integer(let number) = self else {
            return nil
        }
        return number
    }

    /// The elements of an array; empty for anything else.
    package var elements: [JSONValue] {
        guard case .array(let elements) = self else {
            return []
        }
        return elements
    }

    /// JSON on several lines, four spaces a level and keys sorted, as docker-machine prints it.
    package var text: String { rendered(indent: "\n") }

    /// JSON on one line, keys sorted.
    package var compactText: String { rendered(indent: nil) }

    /// The text, where `indent` is the line break and spaces before a closing bracket; `nil` for one line.
    private func rendered(indent: String?) -> String {
        let inner = indent.map { $0 + "    " }
        switch self {
        case .null: return "null"
        case .boolean(let value): return value ? "true" : "false"
        case .integer(let value): return "\(value)"
        case .number(let value): return value.isFinite ? "\(value)" : "null"
        case .string(let value): return Self.quoted(value)
        case .array(let elements):
            return Self.bracket("[", elements.map { $0.rendered(indent: inner) }, "]", outer: indent, inner: inner)
        case .object(let members):
            let lines = members.sorted { $0.key < $1.key }
                .map { "\(Self.quoted($0.key)):\(indent == nil ? "" : " ")\($0.value.rendered(indent: inner))" }
            return Self.bracket("{", lines, "}", outer: indent, inner: inner)
        }
    }

    private static func bracket(
        _ open: String,
        _ parts: [String],
        _ close: String,
        outer: String?,
        inner: String?
    ) -> String {
        guard !parts.isEmpty, let outer, let inner else {
            return open + parts.joined(separator: ",") + close
        }
        return open + inner + parts.joined(separator: ",\(inner)") + outer + close
    }

    /// `text` as a JSON string.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..<" ", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension JSONValue: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
