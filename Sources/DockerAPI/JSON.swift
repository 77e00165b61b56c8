// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// One JSON value, kept as the bytes it was written in.
///
/// The manager understands only a few of Docker's fields, and the rest must reach the client as the
/// engine wrote it: so a value is validated once, read by looking into its bytes, and copied as it
/// is when an object around it is rewritten (``JSONObject``).
///
/// A value shares the storage of the text it was found in; ``detached`` cuts it loose before it is
/// kept for long.
package struct JSON: Sendable, Hashable {
    /// The text of the value without white space around it; always valid JSON.
    package let bytes: ArraySlice<UInt8>

    package func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    /// Takes text that is known to be one valid value.
    init(validated bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    /// Checks that `text` is one JSON value, with nothing but white space around it.
    ///
    /// - Throws: ``JSONError``, with the offset of the first wrong byte.
    package init(parsing text: [UInt8]) throws(JSONError) {
        let scanner = JSONScanner(text[...])
        bytes = try scanner.onlyValue()
    }

    /// Checks `text`; see ``init(parsing:)-([UInt8])``.
    package init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// The same value in storage of its own.
    package var detached: JSON {
        JSON(validated: Array(bytes)[...])
    }

    /// The text of the value.
    package var text: String {
        String(decoding: bytes, as: UTF8.self)
    }

    package var isNull: Bool {
        bytes.first == UInt8(ascii: "n")
    }

    package var isObject: Bool {
        bytes.first == UInt8(ascii: "{")
    }

    package var isArray: Bool {
        bytes.first == UInt8(ascii: "[")
    }

    /// The value of a JSON string, `nil` for any other value.
    package var string: String? {
        JSONScanner.unescape(bytes)
    }

    /// The value of a number that is whole and fits, `nil` for any other value.
    package var int: Int? {
        isNumber ? Int(text) ?? Double(text).flatMap { Int(exactly: $0) } : nil
    }

    /// The value of a number, `nil` for any other value.
    package var double: Double? {
        isNumber ? Double(text) : nil
    }

    package var bool: Bool? {
        switch bytes.first {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    /// The elements of an array; none for any other value.
    package var elements: [JSON] {
        guard isArray else {
            return []
        }
        let scanner = JSONScanner(bytes)
        return scanner.elements()
    }

    /// The strings in an array; other elements are left out.
    package var strings: [String] {
        elements.compactMap(\.string)
    }

    /// The object's members that are strings, as a dictionary; empty for any other value.
    package var stringMap: [String: String] {
        var map: [String: String] = [:]
        for member in JSONObject(self).members {
            map[member.key] = member.value.string
        }
        return map
    }

    /// The member of an object by its exact name; the last one when a name is there twice.
    ///
    /// `nil` when there is none, when its value is `null`, and when the value is no object.
    package subscript(key: String) -> JSON? {
        guard isObject else {
            return nil
        }
        let scanner = JSONScanner(bytes)
        return scanner.member(named: key)
    }

    /// All members of an object, found in one pass, for looking up several of them; none for any other value.
    package var fields: JSONFields {
        JSONFields(self)
    }

    private var isNumber: Bool {
        switch bytes.first ?? 0 {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}

// MARK: - Building values

extension JSON {
    package static let null = JSON(validated: Array("null".utf8)[...])
    package static let emptyObject = JSON(validated: Array("{}".utf8)[...])

    package init(_ value: String) {
        var text: [UInt8] = []
        JSONScanner.append(escaping: value, to: &text)
        bytes = text[...]
    }

    package init(_ value: Int) {
        bytes = Array(String(value).utf8)[...]
    }

    package init(_ value: Int64) {
        bytes = Array(String(value).utf8)[...]
    }

    package init(_ value: Bool) {
        bytes = Array((value ? "true" : "false").utf8)[...]
    }

    package init(_ elements: some Sequence<JSON>) {
        var text = [UInt8(ascii: "[")]
        for element in elements {
            if text.count > 1 {
                text.append(UInt8(ascii: ","))
            }
            text += element.bytes
        }
        text.append(UInt8(ascii: "]"))
        bytes = text[...]
    }

    /// Makes an array of the elements of several, each with commas between its own; empty ones are left out.
    package init(joining lists: [[UInt8]]) {
        var text = [UInt8(ascii: "[")]
        for list in lists where !list.isEmpty {
            if text.count > 1 {
                text.append(UInt8(ascii: ","))
            }
            text += list
        }
        text.append(UInt8(ascii: "]"))
        bytes = text[...]
    }

    package init(_ strings: some Sequence<String>) {
        self.init(strings.map { JSON($0) })
    }

    /// Makes an object whose members are sorted by name, so that the text is stable.
    package init(_ map: [String: String]) {
        self = JSONObject(map.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) }).json
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) {
        self.init(value)
    }

    package init(integerLiteral value: Int) {
        self.init(value)
    }

    package init(booleanLiteral value: Bool) {
        self.init(value)
    }

    package init(arrayLiteral elements: JSON...) {
        self.init(elements)
    }

    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = JSONObject(elements).json
    }
}
