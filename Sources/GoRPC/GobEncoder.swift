// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Writes a stream of gob values, byte for byte as Go's `gob.Encoder` does.
///
/// Types are described before their first value, those inside interfaces in the middle of it, and
/// numbered in the order of their first use.
package struct GobEncoder: Sendable {
    private var numbers: [GobType: Int] = [:]
    private var described: Set<GobType> = []
    /// The first number that Go gives to a type of the program.
    private var next = 65

    package init() {}

    /// The messages that send `value`.
    ///
    /// - Throws: ``GoRPCError/mismatch(expected:)`` for a value that is not of `type`; the encoder is of no
    ///   use afterwards.
    package mutating func encode(_ value: GobValue, as type: GobType) throws(GoRPCError) -> [UInt8] {
        var outputs: [[UInt8]] = [[], []]
        describe(type, &outputs)
        outputs[1].appendSigned(Int64(number(of: type)))
        try topLevel(value, type, &outputs)
        Self.flush(&outputs)
        return outputs[0]
    }

    /// The number of `type`, a new one when it has none: a structure before its fields, others after their parts.
    private mutating func number(of type: GobType) -> Int {
        if let known = type.builtInID ?? numbers[type] {
            return known
        }
        if type.isStructure {
            numbers[type] = take()
            type.parts.forEach { _ = number(of: $0) }
        } else {
            type.parts.forEach { _ = number(of: $0) }
            numbers[type] = take()
        }
        return numbers[type] ?? next
    }

    private mutating func take() -> Int {
        defer { next += 1 }
        return next
    }

    /// Sends the definition of `type` and its parts unless that was done.
    ///
    /// A definition ends the message that the last of `outputs` holds, and the next goes on in a new one.
    ///
    /// - Parameters:
    ///   - type: any type.
    ///   - outputs: what is being written, inner buffers last.
    private mutating func describe(_ type: GobType, _ outputs: inout [[UInt8]]) {
        guard type.builtInID == nil, !described.contains(type) else {
            return
        }
        let number = number(of: type)
        outputs[outputs.count - 1].appendSigned(-Int64(number))
        var numbers: [GobType: Int] = [:]
        for part in type.parts {
            numbers[part] = self.number(of: part)
        }
        outputs[outputs.count - 1] += WireType.definition(of: type, number: number) { numbers[$0] ?? 0 }
        Self.flush(&outputs)
        described.insert(type)
        for part in type.parts {
            describe(part, &outputs)
        }
    }

    /// Moves the last buffer into the one before it, as a message.
    private static func flush(_ outputs: inout [[UInt8]]) {
        let last = outputs.count - 1
        outputs[last - 1].appendBlock(outputs[last])
        outputs[last] = []
    }

    private mutating func topLevel(
        _ value: GobValue,
        _ type: GobType,
        _ outputs: inout [[UInt8]]
    ) throws(GoRPCError) {
        if !type.isStructure {
            outputs[outputs.count - 1].append(0)
        }
        try append(value, type, &outputs)
    }

    private mutating func append(
        _ value: GobValue,
        _ type: GobType,
        _ outputs: inout [[UInt8]]
    ) throws(GoRPCError) {
        let last = outputs.count - 1
        switch (type, value) {
        case (.boolean, .boolean(let state)): outputs[last].append(state ? 1 : 0)
        case (.integer, .integer(let number)): outputs[last].appendSigned(number)
        case (.unsigned, .unsigned(let number)): outputs[last].appendUnsigned(number)
        case (.float, .float(let number)): outputs[last].appendFloat(number)
        case (.bytes, .bytes(let bytes)), (.opaque, .bytes(let bytes)): outputs[last].appendBlock(bytes)
        case (.string, .string(let text)): outputs[last].appendBlock(text.utf8)
        case (.complex, .complex(let real, let imaginary)):
            outputs[last].appendFloat(real)
            outputs[last].appendFloat(imaginary)
        case (.interface, .interface(let dynamic)): try append(dynamic, &outputs)
        case (.array(let element, _, _), .list(let elements)), (.slice(let element, _), .list(let elements)):
            outputs[last].appendUnsigned(UInt64(elements.count))
            for value in elements {
                try append(value, element, &outputs)
            }
        case (.map(let key, let element, _), .map(let pairs)):
            outputs[last].appendUnsigned(UInt64(pairs.count))
            for pair in pairs {
                try append(pair.key, key, &outputs)
                try append(pair.value, element, &outputs)
            }
        case (.structure(_, let fields), .structure(let members)): try append(members, fields, &outputs)
        default: throw .mismatch(expected: "\(type)")
        }
    }

    private mutating func append(
        _ members: [GobMember],
        _ fields: [GobField],
        _ outputs: inout [[UInt8]]
    ) throws(GoRPCError) {
        var before = -1
        for member in members {
            guard member.index > before, fields.indices.contains(member.index) else {
                throw .mismatch(expected: "structure with the field \(member.name)")
            }
            outputs[outputs.count - 1].appendUnsigned(UInt64(member.index - before))
            try append(member.value, fields[member.index].type, &outputs)
            before = member.index
        }
        outputs[outputs.count - 1].append(0)
    }

    private mutating func append(_ dynamic: GobDynamic?, _ outputs: inout [[UInt8]]) throws(GoRPCError) {
        let last = outputs.count - 1
        guard let dynamic else {
            return outputs[last].append(0)
        }
        outputs[last].appendBlock(dynamic.name.utf8)
        describe(dynamic.type, &outputs)
        outputs[last].appendSigned(Int64(number(of: dynamic.type)))
        // The value goes into a buffer of its own, because its length comes first.
        outputs.append([])
        try topLevel(dynamic.value, dynamic.type, &outputs)
        Self.flush(&outputs)
        outputs.removeLast()
    }
}
