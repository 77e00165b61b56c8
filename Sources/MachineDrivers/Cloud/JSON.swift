// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation

/// A JSON value of a provider's API: requests are written as literals, answers are looked into.
///
/// Their documents are deep and mostly not ours to know; a type for each would say less than the literal does.
package enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// Reads a document.
    ///
    /// - Throws: `DecodingError`.
    package init(parsing bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(bytes))
    }

    /// The document, keys sorted.
    package func bytes() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }

    /// The member of an object; ``null`` for anything else.
    package subscript(name: String) -> JSON {
        guard case .object(let members) = self else {
            return .null
        }
        return members[name] ?? .null
    }

    /// The elements of an array; none for anything else.
    package var elements: [JSON] {
        if case .array(let elements) = self { elements } else { [] }
    }

    package var members: [String: JSON] {
        if case .object(let members) = self { members } else { [:] }
    }

    /// A string, or a whole number as its digits, which is how providers' ids come; `nil` for anything else.
    package var text: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        default: nil
        }
    }

    package var integer: Int? {
        if case .integer(let number) = self { number } else { nil }
    }

    package var isNull: Bool { self == .null }

    /// The strings of an object's members; others are left out.
    package var texts: [String: String] { members.compactMapValues(\.text) }

    /// An object without the members that are ``null``.
    package static func without(nulls members: [String: JSON]) -> JSON { .object(members.filter { !$0.value.isNull }) }

    package static func texts(_ values: [String: String]) -> JSON { .object(values.mapValues { .string($0) }) }
    package static func texts(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }

    /// ``null`` for a text that is not given or empty.
    package static func given(_ text: String?) -> JSON { text.flatMap { $0.isEmpty ? nil : .string($0) } ?? .null }
}

extension JSON: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // In the order of how often they come: a wrong guess costs.
        if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([String: JSON].self) {
            self = .object(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else {
            self = .number(try container.decode(Double.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension JSON: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}
