// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Strings of JSON, with their quotes and escapes, to and from Swift's.
extension JSONScanner {
    /// The string that a JSON string stands for, `nil` when `literal` is no string.
    ///
    /// Half of a surrogate pair and bytes that are not UTF-8 become U+FFFD, as in Go.
    static func unescape(_ literal: ArraySlice<UInt8>) -> String? {
        guard literal.count >= 2, literal.first == UInt8(ascii: "\"") else {
            return nil
        }
        let inner = literal.dropFirst().dropLast()
        guard inner.contains(UInt8(ascii: "\\")) else {
            return String(decoding: inner, as: UTF8.self)
        }
        var plain: [UInt8] = []
        plain.reserveCapacity(inner.count)
        var rest = inner
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\") {
                appendEscape(from: &rest, to: &plain)
            } else {
                plain.append(byte)
            }
        }
        return String(decoding: plain, as: UTF8.self)
    }

    private static func appendEscape(from rest: inout ArraySlice<UInt8>, to plain: inout [UInt8]) {
        guard let letter = rest.popFirst() else {
            return
        }
        switch letter {
        case UInt8(ascii: "b"): plain.append(0x08)
        case UInt8(ascii: "f"): plain.append(0x0C)
        case UInt8(ascii: "n"): plain.append(0x0A)
        case UInt8(ascii: "r"): plain.append(0x0D)
        case UInt8(ascii: "t"): plain.append(0x09)
        case UInt8(ascii: "u"): plain += Array(String(scalar(from: &rest)).utf8)
        default: plain.append(letter)
        }
    }

    private static func scalar(from rest: inout ArraySlice<UInt8>) -> Character {
        let first = codeUnit(from: &rest)
        if first >= 0xD800, first < 0xDC00, rest.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
            var ahead = rest.dropFirst(2)
            let second = codeUnit(from: &ahead)
            if second >= 0xDC00, second < 0xE000 {
                rest = ahead
                return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)).map { Character($0) }
                    ?? "\u{FFFD}"
            }
        }
        return Unicode.Scalar(first).map { Character($0) } ?? "\u{FFFD}"
    }

    private static func codeUnit(from rest: inout ArraySlice<UInt8>) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            value = value << 4 | (rest.popFirst().flatMap(hexDigit) ?? 0)
        }
        return value
    }

    /// Appends `value` as a JSON string with its quotes.
    static func append(escaping value: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                text.append(UInt8(ascii: "\\"))
                text.append(byte)
            case 0x0A:
                text += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case 0x0D:
                text += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
            case 0x09:
                text += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                text += Array("\\u00".utf8)
                text += [digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
            default:
                text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
