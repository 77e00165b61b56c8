// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Reads the numbers and texts that all gob values are made of, from one message.
struct GobCursor {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    /// A number below 128 in one byte; else the count of bytes, negated, and the bytes, highest first.
    mutating func unsigned() throws(GoRPCError) -> UInt64 {
        let first = try byte()
        guard first >= 0x80 else {
            return UInt64(first)
        }
        let count = Int(~first) + 1
        guard count <= 8 else {
            throw .malformed(problem: "a number of \(count) bytes")
        }
        var value: UInt64 = 0
        for _ in 0..<count {
            value = value << 8 | UInt64(try byte())
        }
        return value
    }

    /// The lowest bit says whether the others are to be inverted.
    mutating func signed() throws(GoRPCError) -> Int64 {
        let value = try unsigned()
        let half = Int64(bitPattern: value >> 1)
        return value & 1 == 0 ? half : ~half
    }

    /// A number that counts or names something that we hold in memory.
    mutating func count() throws(GoRPCError) -> Int {
        guard let count = Int(exactly: try unsigned()) else {
            throw .malformed(problem: "a count beyond all bounds")
        }
        return count
    }

    /// As ``signed()``, for the number of a type.
    mutating func identifier() throws(GoRPCError) -> Int {
        guard let number = Int(exactly: try signed()), number != Int.min else {
            throw .malformed(problem: "a type's number beyond all bounds")
        }
        return number
    }

    /// The bytes of a double, lowest first, as a number.
    mutating func float() throws(GoRPCError) -> Double {
        Double(bitPattern: try unsigned().byteSwapped)
    }

    /// A count, and that many bytes.
    mutating func block() throws(GoRPCError) -> [UInt8] {
        let count = try count()
        guard count <= bytes.count - position else {
            throw .truncated
        }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    /// Bytes that are not UTF-8 are replaced.
    mutating func text() throws(GoRPCError) -> String {
        String(decoding: try block(), as: UTF8.self)
    }

    /// Reads the fields of a structure up to its end.
    ///
    /// - Parameters:
    ///   - count: how many fields the type has.
    ///   - body: reads the value of the field whose index it is given.
    /// - Throws: ``GoRPCError``, also what `body` throws.
    mutating func fields(
        upTo count: Int,
        _ body: (inout GobCursor, Int) throws(GoRPCError) -> Void
    ) throws(GoRPCError) {
        var index = -1
        while let next = try nextField(after: index, of: count) {
            index = next
            try body(&self, index)
        }
    }

    /// The index of the next field; `nil` at the end of the structure.
    mutating func nextField(after index: Int, of count: Int) throws(GoRPCError) -> Int? {
        let delta = try self.count()
        guard delta > 0 else {
            return nil
        }
        guard delta < count - index else {
            throw .malformed(problem: "a field that the type does not have")
        }
        return index + delta
    }

    private mutating func byte() throws(GoRPCError) -> UInt8 {
        guard position < bytes.count else {
            throw .truncated
        }
        defer { position += 1 }
        return bytes[position]
    }
}

extension [UInt8] {
    /// Appends a number as ``GobCursor/unsigned()`` reads it.
    mutating func appendUnsigned(_ value: UInt64) {
        guard value >= 0x80 else {
            return append(UInt8(value))
        }
        let count = (UInt64.bitWidth - value.leadingZeroBitCount + 7) / 8
        append(~UInt8(count - 1))
        for place in (0..<count).reversed() {
            append(UInt8(truncatingIfNeeded: value >> (UInt64(place) * 8)))
        }
    }

    mutating func appendSigned(_ value: Int64) {
        appendUnsigned(value < 0 ? UInt64(bitPattern: ~value) << 1 | 1 : UInt64(bitPattern: value) << 1)
    }

    mutating func appendFloat(_ value: Double) { appendUnsigned(value.bitPattern.byteSwapped) }

    mutating func appendBlock(_ bytes: some Collection<UInt8>) {
        appendUnsigned(UInt64(bytes.count))
        append(contentsOf: bytes)
    }
}
