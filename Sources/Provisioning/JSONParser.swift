// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Reads JSON (RFC 8259) and says where it goes wrong.
struct JSONParser {
    /// What is wrong and where, lines and columns counted from 1.
    struct Failure: Error, Equatable {
        var line: Int
        var column: Int
        var reason: String

        var text: String { "line \(line), column \(column): \(reason)" }
    }

    /// Nesting beyond this is refused, so that a file cannot exhaust the stack.
    private static let depthLimit = 64

    private let bytes: [UInt8]
    private var position = 0

    /// Reads a whole document.
    ///
    /// Of two members with the same key the last counts, as in the engine.
    static func parse(_ text: String) throws(Failure) -> JSONValue {
        var parser = JSONParser(bytes: Array(text.utf8))
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == parser.bytes.count else {
            throw parser.failure("text after the end of the document")
        }
        return value
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func failure(_ reason: String) -> Failure {
        let before = bytes[..<position]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return Failure(
            line: before.count { $0 == UInt8(ascii: "\n") } + 1,
            column: position - lineStart + 1,
            reason: current == nil ? "the text ends too early" : reason
        )
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(Failure) {
        skipSpace()
        guard current == UInt8(ascii: character) else {
            throw failure("\"\(character)\" expected")
        }
        position += 1
    }

    private mutating func value(depth: Int) throws(Failure) -> JSONValue {
        guard depth < Self.depthLimit else {
            throw failure("nested too deeply")
        }
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ text: String, _ value: JSONValue) throws(Failure) -> JSONValue {
        guard bytes[position...].starts(with: text.utf8) else {
            throw failure("a value expected")
        }
        position += text.utf8.count
        return value
    }

    private mutating func number() throws(Failure) -> JSONValue {
        let digits = bytes[position...].prefix {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "+-.eE".utf8.contains($0)
        }
        let text = String(decoding: digits, as: UTF8.self)
        guard let number = Double(text), number.isFinite else {
            throw failure("a value expected")
        }
        position += digits.count
        return .number(text)
    }

    private mutating func object(depth: Int) throws(Failure) -> JSONValue {
        try expect("{")
        var object = JSONValue.object([])
        skipSpace()
        guard current != UInt8(ascii: "}") else {
            position += 1
            return object
        }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else {
                throw failure("a key between double quotes expected")
            }
            let key = try string()
            try expect(":")
            object[key] = try value(depth: depth + 1)
            skipSpace()
            guard current == UInt8(ascii: ",") else {
                try expect("}")
                return object
            }
            position += 1
        }
    }

    private mutating func array(depth: Int) throws(Failure) -> JSONValue {
        try expect("[")
        var items: [JSONValue] = []
        skipSpace()
        guard current != UInt8(ascii: "]") else {
            position += 1
            return .array(items)
        }
        while true {
            items.append(try value(depth: depth + 1))
            skipSpace()
            guard current == UInt8(ascii: ",") else {
                try expect("]")
                return .array(items)
            }
            position += 1
        }
    }

    private mutating func string() throws(Failure) -> String {
        position += 1
        var units: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                return String(decoding: units, as: UTF8.self)
            case UInt8(ascii: "\\"):
                units.append(contentsOf: try escape().utf8)
            case ..<0x20:
                position -= 1
                throw failure("a control character in a string")
            default:
                units.append(byte)
            }
        }
        throw failure("a string without an end")
    }

    private mutating func escape() throws(Failure) -> String {
        guard let byte = current else {
            throw failure("a string without an end")
        }
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return String(UnicodeScalar(byte))
        case UInt8(ascii: "u"): return try unicodeEscape()
        default:
            position -= 1
            throw failure("an escape that JSON does not know")
        }
    }

    private mutating func unicodeEscape() throws(Failure) -> String {
        var units = [try hexUnit()]
        if UTF16.isLeadSurrogate(units[0]), bytes[position...].starts(with: "\\u".utf8) {
            position += 2
            units.append(try hexUnit())
        }
        return String(decoding: units, as: UTF16.self)
    }

    private mutating func hexUnit() throws(Failure) -> UInt16 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ UnicodeScalar($0).properties.isASCIIHexDigit }),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else {
            throw failure("four hexadecimal digits expected")
        }
        position += 4
        return unit
    }
}
