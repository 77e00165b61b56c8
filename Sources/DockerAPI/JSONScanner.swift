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

/// Finds values in JSON text.
struct JSONScanner {
    private let text: ArraySlice<UInt8>

    init(_ text: ArraySlice<UInt8>) {
        self.text = text
    }

    /// Validates the whole text as one value.
    func onlyValue() throws(JSONError) -> ArraySlice<UInt8> {
        slice(
            try text.withUnsafeBufferPointer { (bytes) throws(JSONError) in
                var cursor = JSONCursor(bytes)
                return try cursor.onlyValue()
            }
        )
    }

    private func slice(_ range: Range<Int>) -> ArraySlice<UInt8> {
        text[(text.startIndex + range.lowerBound)..<(text.startIndex + range.upperBound)]
    }

    // MARK: Stepping through validated text

    /// The elements of a validated array.
    func elements() -> [JSON] {
        text.withUnsafeBufferPointer { bytes in
            var cursor = JSONCursor(bytes)
            var found: [JSON] = []
            while let range = cursor.nextElement() {
                found.append(JSON(validated: slice(range)))
            }
            return found
        }
    }

    /// The members of a validated object.
    func members() -> [(key: String, value: JSON)] {
        var found: [(key: String, value: JSON)] = []
        forEachMember { key, value in
            found.append((key: Self.unescape(slice(key)) ?? "", value: JSON(validated: slice(value))))
        }
        return found
    }

    /// Where the members of a validated object are: their names, with quotes, and their values.
    func places() -> [JSONFields.Place] {
        var found: [JSONFields.Place] = []
        forEachMember { found.append(JSONFields.Place(key: $0, value: $1)) }
        return found
    }

    /// The last member of a validated object with that name, unless it is `null`.
    func member(named name: String) -> JSON? {
        var name = name
        let found = text.withUnsafeBufferPointer { bytes in
            name.withUTF8 { name in
                var found: Range<Int>?
                var cursor = JSONCursor(bytes)
                while let (key, value) = cursor.nextMember() {
                    if Self.isKey(key, of: bytes, name) {
                        found = value
                    }
                }
                return found
            }
        }
        return found.map { JSON(validated: slice($0)) }.flatMap { $0.isNull ? nil : $0 }
    }

    private func forEachMember(_ body: (Range<Int>, Range<Int>) -> Void) {
        text.withUnsafeBufferPointer { bytes in
            var cursor = JSONCursor(bytes)
            while let (key, value) = cursor.nextMember() {
                body(key, value)
            }
        }
    }

    /// Whether a name in its quotes is `name`; most have no escape, and are compared as they are.
    static func isKey(
        _ key: Range<Int>,
        of bytes: UnsafeBufferPointer<UInt8>,
        _ name: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard key.count >= 2 else {
            return false
        }
        let inner = bytes[(key.lowerBound + 1)..<(key.upperBound - 1)]
        if inner.count == name.count {
            return inner.elementsEqual(name)
        }
        return inner.count > name.count && inner.contains(UInt8(ascii: "\\"))
            && unescape(Array(bytes[key])[...])?.utf8.elementsEqual(name) ?? false
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
