// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A type as a stream defines it, by the numbers of other types.
enum WireType: Equatable {
    case array(name: String, element: Int, count: Int)
    case slice(name: String, element: Int)
    case map(name: String, key: Int, value: Int)
    case structure(name: String, fields: [(name: String, type: Int)])
    case opaque(name: String, encoding: GobType.OpaqueEncoding)

    /// Reads a definition: a structure of seven pointers, of which one is set.
    init(reading cursor: inout GobCursor) throws(GoRPCError) {
        guard let kind = try cursor.nextField(after: -1, of: 7) else {
            throw .malformed(problem: "a definition of nothing")
        }
        self = try Self.read(kind, &cursor)
        guard try cursor.nextField(after: kind, of: 7) == nil else {
            throw .malformed(problem: "two definitions in one")
        }
    }

    private static func read(_ kind: Int, _ cursor: inout GobCursor) throws(GoRPCError) -> WireType {
        var name = ""
        var fields: [(name: String, type: Int)] = []
        var numbers = [0, 0, 0]
        try cursor.fields(upTo: [3, 2, 2, 3, 1, 1, 1][kind]) { cursor, index throws(GoRPCError) in
            switch index {
            case 0: name = try common(&cursor)
            case 1 where kind == 2: fields = try structureFields(&cursor)
            default: numbers[index] = try cursor.identifier()
            }
        }
        switch kind {
        case 0: return .array(name: name, element: numbers[1], count: numbers[2])
        case 1: return .slice(name: name, element: numbers[1])
        case 2: return .structure(name: name, fields: fields)
        case 3: return .map(name: name, key: numbers[1], value: numbers[2])
        default: return .opaque(name: name, encoding: GobType.OpaqueEncoding(rawValue: kind - 4) ?? .gob)
        }
    }

    /// The name; the number beside it is known from the frame.
    private static func common(_ cursor: inout GobCursor) throws(GoRPCError) -> String {
        var name = ""
        try cursor.fields(upTo: 2) { cursor, index throws(GoRPCError) in
            if index == 0 {
                name = try cursor.text()
            } else {
                _ = try cursor.identifier()
            }
        }
        return name
    }

    private static func structureFields(
        _ cursor: inout GobCursor
    ) throws(GoRPCError) -> [(name: String, type: Int)] {
        var fields: [(name: String, type: Int)] = []
        for _ in 0..<(try cursor.count()) {
            var field = (name: "", type: 0)
            try cursor.fields(upTo: 2) { cursor, index throws(GoRPCError) in
                if index == 0 {
                    field.name = try cursor.text()
                } else {
                    field.type = try cursor.identifier()
                }
            }
            fields.append(field)
        }
        return fields
    }

    static func == (left: WireType, right: WireType) -> Bool {
        switch (left, right) {
        case (.array(let a, let b, let c), .array(let d, let e, let f)): a == d && b == e && c == f
        case (.slice(let a, let b), .slice(let c, let d)): a == c && b == d
        case (.map(let a, let b, let c), .map(let d, let e, let f)): a == d && b == e && c == f
        case (.structure(let a, let b), .structure(let c, let d)): a == c && b.elementsEqual(d) { $0 == $1 }
        case (.opaque(let a, let b), .opaque(let c, let d)): a == c && b == d
        default: false
        }
    }

    /// The definition of `type`, as a stream has it.
    ///
    /// - Parameters:
    ///   - type: one that must be described.
    ///   - number: its number.
    ///   - numberOf: the numbers of its parts.
    /// - Returns: the bytes after the negative number; none for a type that both sides know.
    static func definition(of type: GobType, number: Int, numberOf: (GobType) -> Int) -> [UInt8] {
        var bytes: [UInt8] = []
        func common(_ kind: UInt8, _ name: String) {
            // The structure's field, its field for what all types have, then name and number.
            bytes += [kind + 1, 1]
            if !name.isEmpty {
                bytes.append(1)
                bytes.appendBlock(name.utf8)
            }
            bytes.append(name.isEmpty ? 2 : 1)
            bytes.appendSigned(Int64(number))
            bytes.append(0)
        }
        func part(_ value: Int, step: UInt8 = 1) {
            bytes.append(step)
            bytes.appendSigned(Int64(value))
        }
        switch type {
        case .array(let element, let count, let name):
            common(0, name)
            part(numberOf(element))
            if count != 0 {
                part(count)
            }
        case .slice(let element, let name):
            common(1, name)
            part(numberOf(element))
        case .structure(let name, let fields):
            common(2, name)
            if !fields.isEmpty {
                bytes.append(1)
                bytes.appendUnsigned(UInt64(fields.count))
            }
            for field in fields {
                if !field.name.isEmpty {
                    bytes.append(1)
                    bytes.appendBlock(field.name.utf8)
                }
                part(numberOf(field.type), step: field.name.isEmpty ? 2 : 1)
                bytes.append(0)
            }
        case .map(let key, let value, let name):
            common(3, name)
            part(numberOf(key))
            part(numberOf(value))
        case .opaque(let name, let encoding):
            common(4 + UInt8(encoding.rawValue), name)
        default:
            return []
        }
        return bytes + [0, 0]
    }
}
