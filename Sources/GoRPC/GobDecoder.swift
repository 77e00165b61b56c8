// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Reads a stream of gob values, as Go's `gob.Decoder` does.
///
/// Each value brings the definitions of its types with it, once a stream. Any input is survived: what
/// is no gob, or nests deeper or needs larger types than ``depthLimit`` and ``typeLimit`` allow, is an
/// error, after which the stream cannot be read on.
package struct GobDecoder {
    /// The longest message that is read, in bytes.
    package static let messageLimit = 16 << 20
    /// How deep values, and types, may nest.
    package static let depthLimit = 64
    /// How many types a type may be made of, each counted as often as it occurs.
    package static let typeLimit = 4096

    private let nextMessage: () throws -> [UInt8]?
    private var cursor = GobCursor([])
    private var definitions: [Int: WireType] = [:]
    private var known: [Int: (type: GobType, size: Int)] = [:]

    /// - Parameter nextMessage: the next message without its length; `nil` at the end of the stream.
    package init(nextMessage: @escaping () throws -> [UInt8]?) {
        self.nextMessage = nextMessage
    }

    /// A decoder of a whole stream in memory.
    package init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        self.init { () throws -> [UInt8]? in
            guard !rest.isEmpty else {
                return nil
            }
            guard let (message, length) = try GobFrame.split(rest) else {
                throw GoRPCError.truncated
            }
            rest = rest.dropFirst(length)
            return Array(message)
        }
    }

    /// The next value with its type; `nil` at the end of the stream.
    ///
    /// - Throws: ``GoRPCError``, and what reading a message throws.
    package mutating func next() throws -> GobDynamic? {
        guard let number = try valueType(inInterface: false) else {
            return nil
        }
        let type = try type(number)
        let value = try topLevel(number, type, depth: 0)
        guard cursor.isAtEnd else {
            throw GoRPCError.malformed(problem: "bytes after a value")
        }
        return GobDynamic(type: type, value: value)
    }

    /// Reads definitions up to the number of the type of the value that follows.
    private mutating func valueType(inInterface: Bool) throws -> Int? {
        var isFirst = true
        while true {
            if cursor.isAtEnd {
                guard let message = try nextMessage() else {
                    guard isFirst, !inInterface else {
                        throw GoRPCError.truncated
                    }
                    return nil
                }
                cursor = GobCursor(message)
            }
            let number = try cursor.identifier()
            guard number < 0 else {
                return number
            }
            try define(-number)
            isFirst = false
            guard !cursor.isAtEnd else {
                continue
            }
            guard inInterface else {
                throw GoRPCError.malformed(problem: "bytes after a definition")
            }
            // The length of what follows, which Go does not look at either.
            _ = try cursor.unsigned()
        }
    }

    private mutating func define(_ number: Int) throws {
        guard GobType(builtInID: number) == nil, definitions[number] == nil else {
            throw GoRPCError.malformed(problem: "a second definition of type \(number)")
        }
        definitions[number] = try WireType(reading: &cursor)
    }

    // MARK: Types

    private mutating func type(_ number: Int) throws -> GobType { try resolve(number, depth: 0).type }

    private mutating func resolve(_ number: Int, depth: Int) throws -> (type: GobType, size: Int) {
        if let type = GobType(builtInID: number) {
            return (type, 1)
        }
        if let type = known[number] {
            return type
        }
        guard depth < Self.depthLimit else {
            throw GoRPCError.tooLarge(problem: "types nest too deep")
        }
        guard let definition = definitions[number] else {
            throw GoRPCError.malformed(problem: "type \(number) is not defined")
        }
        let (type, size) = try resolve(definition, depth: depth + 1)
        guard size <= Self.typeLimit else {
            throw GoRPCError.tooLarge(problem: "a type of too many parts")
        }
        known[number] = (type, size)
        return (type, size)
    }

    private mutating func resolve(_ definition: WireType, depth: Int) throws -> (GobType, Int) {
        switch definition {
        case .array(let name, let element, let count):
            let element = try resolve(element, depth: depth)
            return (.array(of: element.type, count: count, name: name), element.size + 1)
        case .slice(let name, let element):
            let element = try resolve(element, depth: depth)
            return (.slice(of: element.type, name: name), element.size + 1)
        case .map(let name, let key, let value):
            let key = try resolve(key, depth: depth)
            let value = try resolve(value, depth: depth)
            return (.map(key: key.type, value: value.type, name: name), key.size + value.size + 1)
        case .structure(let name, let fields):
            var size = 1
            var parts: [GobField] = []
            for field in fields {
                let part = try resolve(field.type, depth: depth)
                parts.append(GobField(field.name, part.type))
                size += part.size
                guard size <= Self.typeLimit else {
                    throw GoRPCError.tooLarge(problem: "a type of too many parts")
                }
            }
            return (.structure(name: name, fields: parts), size)
        case .opaque(let name, let encoding):
            return (.opaque(name: name, encoding: encoding), 1)
        }
    }

    // MARK: Values

    /// A value that is not inside another: a zero goes before it, unless it is a structure.
    private mutating func topLevel(_ number: Int, _ type: GobType, depth: Int) throws -> GobValue {
        if !type.isStructure, try cursor.unsigned() != 0 {
            throw GoRPCError.malformed(problem: "a single value with a field's number")
        }
        return try value(type, depth: depth)
    }

    private mutating func value(_ type: GobType, depth: Int) throws -> GobValue {
        guard depth < Self.depthLimit else {
            throw GoRPCError.tooLarge(problem: "values nest too deep")
        }
        switch type {
        case .boolean: return .boolean(try cursor.unsigned() != 0)
        case .integer: return .integer(try cursor.signed())
        case .unsigned: return .unsigned(try cursor.unsigned())
        case .float: return .float(try cursor.float())
        case .bytes, .opaque: return .bytes(try cursor.block())
        case .string: return .string(try cursor.text())
        case .complex: return .complex(try cursor.float(), try cursor.float())
        case .interface: return .interface(try dynamic(depth: depth))
        case .array(let element, let count, _):
            guard try cursor.count() == count else {
                throw GoRPCError.malformed(problem: "an array of another length than its type's")
            }
            return .list(try elements(element, count: count, depth: depth))
        case .slice(let element, _):
            return .list(try elements(element, count: try cursor.count(), depth: depth))
        case .map(let key, let value, _):
            return .map(try pairs(key, value, depth: depth))
        case .structure(_, let fields):
            return .structure(try members(fields, depth: depth))
        }
    }

    /// Each element takes a byte at least, so a count beyond what was sent ends the loop early.
    private mutating func elements(_ type: GobType, count: Int, depth: Int) throws -> [GobValue] {
        var elements: [GobValue] = []
        for _ in 0..<max(0, count) {
            elements.append(try value(type, depth: depth + 1))
        }
        return elements
    }

    private mutating func pairs(_ key: GobType, _ element: GobType, depth: Int) throws -> [GobPair] {
        var pairs: [GobPair] = []
        for _ in 0..<(try cursor.count()) {
            let name = try value(key, depth: depth + 1)
            pairs.append(GobPair(name, try value(element, depth: depth + 1)))
        }
        return pairs
    }

    private mutating func members(_ fields: [GobField], depth: Int) throws -> [GobMember] {
        var members: [GobMember] = []
        var index = -1
        while let next = try cursor.nextField(after: index, of: fields.count) {
            index = next
            members.append(GobMember(index, fields[index].name, try value(fields[index].type, depth: depth + 1)))
        }
        return members
    }

    private mutating func dynamic(depth: Int) throws -> GobDynamic? {
        let name = try cursor.text()
        guard !name.isEmpty else {
            return nil
        }
        guard let number = try valueType(inInterface: true) else {
            throw GoRPCError.truncated
        }
        // The length, for readers that skip the value.
        _ = try cursor.unsigned()
        let type = try type(number)
        return GobDynamic(name: name, type: type, value: try topLevel(number, type, depth: depth + 1))
    }
}

/// Messages in a stream: a length, and that many bytes.
package enum GobFrame {
    /// The first message of `bytes`, and how many bytes it takes with its length; `nil` when more must come.
    ///
    /// - Throws: ``GoRPCError/tooLarge(problem:)`` or ``GoRPCError/malformed(problem:)``.
    package static func split(
        _ bytes: ArraySlice<UInt8>
    ) throws(GoRPCError) -> (message: ArraySlice<UInt8>, length: Int)? {
        guard let first = bytes.first else {
            return nil
        }
        let head = first < 0x80 ? 1 : Int(~first) + 2
        guard head <= 9 else {
            throw .malformed(problem: "a length of \(head - 1) bytes")
        }
        guard bytes.count >= head else {
            return nil
        }
        var cursor = GobCursor(Array(bytes.prefix(head)))
        let count = try cursor.count()
        guard count <= GobDecoder.messageLimit else {
            throw .tooLarge(problem: "a message of \(count) bytes")
        }
        guard bytes.count >= head + count else {
            return nil
        }
        return (bytes.dropFirst(head).prefix(count), head + count)
    }
}
