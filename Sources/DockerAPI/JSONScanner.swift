// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// Text that is not the JSON it should be.
package struct JSONError: UserFacingError, Equatable {
    package enum Problem: String, Sendable {
        case unexpectedByte = "unexpected character"
        case unexpectedEnd = "unexpected end"
        case tooDeep = "nested too deeply"
        case trailingBytes = "text after the value"
    }

    package let problem: Problem
    /// Where, in bytes from the beginning.
    package let offset: Int

    package var message: String { "invalid JSON: \(problem.rawValue) at offset \(offset)" }
    package var kind: ErrorKind { .usage }
}

/// Walks over JSON text: validates what a peer sent, and steps through what was validated.
///
/// Every access is checked against the end of the text, so that no input can trap.
struct JSONScanner {
    /// The deepest nesting accepted, in levels; a request of Docker's API has about six.
    static let depthLimit = 128

    private let text: ArraySlice<UInt8>
    private var index: Int

    init(_ text: ArraySlice<UInt8>) {
        self.text = text
        index = text.startIndex
    }

    /// Validates the whole text as one value.
    mutating func onlyValue() throws(JSONError) -> ArraySlice<UInt8> {
        skipSpace()
        let value = try nextValue(depth: 0)
        skipSpace()
        guard index == text.endIndex else {
            throw problem(.trailingBytes)
        }
        return value
    }

    // MARK: Validating

    private mutating func nextValue(depth: Int) throws(JSONError) -> ArraySlice<UInt8> {
        let start = index
        switch peek {
        case UInt8(ascii: "{"):
            try skipContainer(depth: depth, hasKeys: true, end: UInt8(ascii: "}"))
        case UInt8(ascii: "["):
            try skipContainer(depth: depth, hasKeys: false, end: UInt8(ascii: "]"))
        case UInt8(ascii: "\""):
            try skipString()
        case UInt8(ascii: "t"):
            try skipWord("true")
        case UInt8(ascii: "f"):
            try skipWord("false")
        case UInt8(ascii: "n"):
            try skipWord("null")
        default:
            try skipNumber()
        }
        return text[start..<index]
    }

    private mutating func skipContainer(depth: Int, hasKeys: Bool, end: UInt8) throws(JSONError) {
        guard depth < Self.depthLimit else {
            throw problem(.tooDeep)
        }
        index += 1
        skipSpace()
        if take(end) {
            return
        }
        while true {
            if hasKeys {
                try skipString()
                skipSpace()
                try expect(UInt8(ascii: ":"))
                skipSpace()
            }
            _ = try nextValue(depth: depth + 1)
            skipSpace()
            if take(end) {
                return
            }
            try expect(UInt8(ascii: ","))
            skipSpace()
        }
    }

    private mutating func skipString() throws(JSONError) {
        try expect(UInt8(ascii: "\""))
        while let byte = peek {
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                return
            case UInt8(ascii: "\\"):
                try skipEscape()
            case 0..<0x20:
                index -= 1
                throw problem(.unexpectedByte)
            default:
                break
            }
        }
        throw problem(.unexpectedEnd)
    }

    private mutating func skipEscape() throws(JSONError) {
        switch peek {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            index += 1
        case UInt8(ascii: "u"):
            index += 1
            for _ in 0..<4 {
                guard let byte = peek, Self.hexDigit(byte) != nil else {
                    throw problem(.unexpectedByte)
                }
                index += 1
            }
        default:
            throw problem(.unexpectedByte)
        }
    }

    private mutating func skipWord(_ word: StaticString) throws(JSONError) {
        let letters = Array(word.description.utf8)
        for letter in letters {
            try expect(letter)
        }
    }

    private mutating func skipNumber() throws(JSONError) {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) {
            try skipDigits()
        }
        if take(UInt8(ascii: ".")) {
            try skipDigits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) {
                _ = take(UInt8(ascii: "-"))
            }
            try skipDigits()
        }
    }

    private mutating func skipDigits() throws(JSONError) {
        let start = index
        while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
            index += 1
        }
        guard index > start else {
            throw problem(.unexpectedByte)
        }
    }

    // MARK: Stepping through validated text

    /// The elements of a validated array.
    mutating func elements() -> [JSON] {
        var found: [JSON] = []
        index += 1
        skipSpace()
        while let byte = peek, byte != UInt8(ascii: "]"), let value = try? nextValue(depth: 0) {
            found.append(JSON(validated: value))
            skipSeparator()
        }
        return found
    }

    /// The members of a validated object.
    mutating func members() -> [(key: String, value: JSON)] {
        var found: [(key: String, value: JSON)] = []
        while let (key, value) = nextMember() {
            found.append((key: Self.unescape(key) ?? "", value: JSON(validated: value)))
        }
        return found
    }

    /// The last member of a validated object with that name, unless it is `null`.
    mutating func member(named name: String) -> JSON? {
        let plain = Array(name.utf8)
        var found: JSON?
        while let (key, value) = nextMember() {
            // Most names have no escape: compare the bytes between the quotes.
            if key.dropFirst().dropLast().elementsEqual(plain) || Self.isEscaped(key, equalTo: name) {
                found = JSON(validated: value)
            }
        }
        return found.flatMap { $0.isNull ? nil : $0 }
    }

    private mutating func nextMember() -> (key: ArraySlice<UInt8>, value: ArraySlice<UInt8>)? {
        if index == text.startIndex {
            index += 1
            skipSpace()
        }
        let start = index
        guard peek == UInt8(ascii: "\""), (try? skipString()) != nil else {
            return nil
        }
        let key = text[start..<index]
        skipSpace()
        _ = take(UInt8(ascii: ":"))
        skipSpace()
        guard let value = try? nextValue(depth: 0) else {
            return nil
        }
        skipSeparator()
        return (key, value)
    }

    private mutating func skipSeparator() {
        skipSpace()
        _ = take(UInt8(ascii: ","))
        skipSpace()
    }

    private static func isEscaped(_ key: ArraySlice<UInt8>, equalTo name: String) -> Bool {
        key.contains(UInt8(ascii: "\\")) && unescape(key) == name
    }

    // MARK: Bytes

    private var peek: UInt8? {
        index < text.endIndex ? text[index] : nil
    }

    private mutating func skipSpace() {
        while let byte = peek,
            byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
                || byte == UInt8(ascii: "\t")
        {
            index += 1
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else {
            return false
        }
        index += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard take(byte) else {
            throw problem(.unexpectedByte)
        }
    }

    private func problem(_ problem: JSONError.Problem) -> JSONError {
        let isAtEnd = index >= text.endIndex && problem == .unexpectedByte
        return JSONError(problem: isAtEnd ? .unexpectedEnd : problem, offset: index - text.startIndex)
    }

    static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}
