// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Steps through the bytes of JSON text where they are: validates what a peer sent, and passes over what was validated.
///
/// No read goes beyond the end, whatever the text is: behind it every byte counts as 0, which is none of JSON's.
struct JSONCursor {
    /// The deepest nesting accepted, in levels; a request of Docker's API has about six.
    static let depthLimit = 128

    private let bytes: UnsafeBufferPointer<UInt8>
    private(set) var index = 0

    /// - Parameter bytes: must be there as long as the cursor is used.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    private var peek: UInt8 { index < bytes.count ? bytes[index] : 0 }

    // MARK: Validating

    /// Validates the whole text as one value, and returns where that is.
    mutating func onlyValue() throws(JSONError) -> Range<Int> {
        skipSpace()
        let start = index
        try skipValue(depth: 0)
        let end = index
        skipSpace()
        guard index == bytes.count else {
            throw problem(.trailingBytes)
        }
        return start..<end
    }

    private mutating func skipValue(depth: Int) throws(JSONError) {
        switch peek {
        case UInt8(ascii: "{"): try skipContainer(depth: depth, hasKeys: true, end: UInt8(ascii: "}"))
        case UInt8(ascii: "["): try skipContainer(depth: depth, hasKeys: false, end: UInt8(ascii: "]"))
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "t"): try skipWord("true")
        case UInt8(ascii: "f"): try skipWord("false")
        case UInt8(ascii: "n"): try skipWord("null")
        default: try skipNumber()
        }
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
            try skipValue(depth: depth + 1)
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
        while true {
            skipPlain()
            switch peek {
            case UInt8(ascii: "\""):
                index += 1
                return
            case UInt8(ascii: "\\"):
                index += 1
                try skipEscape()
            default:
                throw problem(index < bytes.count ? .unexpectedByte : .unexpectedEnd)
            }
        }
    }

    private mutating func skipEscape() throws(JSONError) {
        switch peek {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            index += 1
        case UInt8(ascii: "u"):
            index += 1
            for _ in 0..<4 {
                guard JSONScanner.hexDigit(peek) != nil else {
                    throw problem(.unexpectedByte)
                }
                index += 1
            }
        default:
            throw problem(.unexpectedByte)
        }
    }

    private mutating func skipWord(_ word: StaticString) throws(JSONError) {
        for offset in 0..<word.utf8CodeUnitCount {
            try expect(word.utf8Start[offset])
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
        while peek >= UInt8(ascii: "0"), peek <= UInt8(ascii: "9") {
            index += 1
        }
        guard index > start else {
            throw problem(.unexpectedByte)
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
        let isAtEnd = index >= bytes.count && problem == .unexpectedByte
        return JSONError(problem: isAtEnd ? .unexpectedEnd : problem, offset: index)
    }

    // MARK: Passing over validated text

    /// The next member of a validated object; the first call stands at its brace.
    mutating func nextMember() -> (key: Range<Int>, value: Range<Int>)? {
        enter()
        let key = index
        guard peek == UInt8(ascii: "\"") else {
            return nil
        }
        passString()
        let endOfKey = index
        skipSpace()
        _ = take(UInt8(ascii: ":"))
        skipSpace()
        let value = index
        passValue()
        defer { leave() }
        return (key..<endOfKey, value..<index)
    }

    /// The next element of a validated array; the first call stands at its bracket.
    mutating func nextElement() -> Range<Int>? {
        enter()
        let start = index
        guard index < bytes.count, peek != UInt8(ascii: "]") else {
            return nil
        }
        passValue()
        defer { leave() }
        return start < index ? start..<index : nil
    }

    private mutating func enter() {
        if index == 0 {
            index = 1
            skipSpace()
        }
    }

    private mutating func leave() {
        skipSpace()
        _ = take(UInt8(ascii: ","))
        skipSpace()
    }

    private mutating func passValue() {
        switch peek {
        case UInt8(ascii: "\""): passString()
        case UInt8(ascii: "{"), UInt8(ascii: "["): passContainer()
        default:
            while index < bytes.count, !Self.endsScalar(bytes[index]) {
                index += 1
            }
        }
    }

    private mutating func passContainer() {
        var depth = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                passString()
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            index += 1
            if depth == 0 {
                return
            }
        }
    }

    private mutating func passString() {
        index += 1
        while index < bytes.count {
            skipPlain()
            guard peek == UInt8(ascii: "\\") else {
                index = min(index + 1, bytes.count)
                return
            }
            index = min(index + 2, bytes.count)
        }
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x0A, 0x0D, 0x09: true
        default: false
        }
    }

    private mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x0A, 0x0D, 0x09: index += 1
            default: return
            }
        }
    }

    /// Moves to the next quote, backslash or control character, or to the end; eight bytes at a time.
    private mutating func skipPlain() {
        while index + 8 <= bytes.count, let base = bytes.baseAddress {
            let word = UnsafeRawPointer(base + index).loadUnaligned(as: UInt64.self).littleEndian
            let marks = Self.marks(word)
            if marks != 0 {
                index += marks.trailingZeroBitCount / 8
                return
            }
            index += 8
        }
        while index < bytes.count, bytes[index] >= 0x20, bytes[index] != 0x22, bytes[index] != 0x5C {
            index += 1
        }
    }

    /// The highest bit of the first byte in `word` that is a quote, a backslash or below a space is set; no bit
    /// of those before it is.
    private static func marks(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* 0x22)
        let slashes = word ^ (ones &* 0x5C)
        let found =
            ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes) | ((word &- (ones &* 0x20)) & ~word)
        return found & (ones &* 0x80)
    }
}
