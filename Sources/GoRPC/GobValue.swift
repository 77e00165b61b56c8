// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A type of Go, as the gob format describes it; pointers do not show.
package indirect enum GobType: Sendable, Hashable {
    case boolean, integer, unsigned, float, bytes, string, complex, interface
    case array(of: GobType, count: Int, name: String)
    case slice(of: GobType, name: String)
    case map(key: GobType, value: GobType, name: String)
    case structure(name: String, fields: [GobField])
    /// A type that encodes itself; its bytes mean nothing to us.
    case opaque(name: String, encoding: OpaqueEncoding)

    /// By which of Go's interfaces a type encodes itself.
    package enum OpaqueEncoding: Int, Sendable {
        case gob, binary, text
    }

    /// `struct{}`, the argument of a call that takes none.
    package static let empty = GobType.structure(name: "", fields: [])

    /// The number by which both sides know a type from the start; `nil` for one that must be described.
    var builtInID: Int? {
        switch self {
        case .boolean: 1
        case .integer: 2
        case .unsigned: 3
        case .float: 4
        case .bytes: 5
        case .string: 6
        case .complex: 7
        case .interface: 8
        case .array, .slice, .map, .structure, .opaque: nil
        }
    }

    /// The type whose ``builtInID`` is `id`.
    init?(builtInID id: Int) {
        let all: [GobType] = [.boolean, .integer, .unsigned, .float, .bytes, .string, .complex, .interface]
        guard (1...all.count).contains(id) else {
            return nil
        }
        self = all[id - 1]
    }

    var isStructure: Bool {
        guard case .structure = self else {
            return false
        }
        return true
    }

    /// The types it is made of, in order.
    var parts: [GobType] {
        switch self {
        case .array(let element, _, _), .slice(let element, _): [element]
        case .map(let key, let value, _): [key, value]
        case .structure(_, let fields): fields.map(\.type)
        default: []
        }
    }
}

/// A field of a structure.
package struct GobField: Sendable, Hashable {
    package let name: String
    package let type: GobType

    package init(_ name: String, _ type: GobType) {
        self.name = name
        self.type = type
    }
}

/// A value in a gob stream.
package indirect enum GobValue: Sendable, Equatable {
    case boolean(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    case float(Double)
    /// Also what an opaque type holds.
    case bytes([UInt8])
    case string(String)
    case complex(Double, Double)
    case list([GobValue])
    /// In the order of the stream; Go's maps have none.
    case map([GobPair])
    /// Only the fields that were sent: a field with its zero value is not.
    case structure([GobMember])
    /// What an interface holds; `nil` for an interface that holds nothing.
    case interface(GobDynamic?)

    package static let empty = GobValue.structure([])

    package var string: String? {
        guard case .string(let text) = self else {
            return nil
        }
        return text
    }

    package var integer: Int? {
        guard case .integer(let number) = self else {
            return nil
        }
        return Int(exactly: number)
    }

    package var boolean: Bool? {
        guard case .boolean(let value) = self else {
            return nil
        }
        return value
    }

    package var bytes: [UInt8]? {
        guard case .bytes(let bytes) = self else {
            return nil
        }
        return bytes
    }

    /// The elements of an array or slice; empty for anything else.
    package var elements: [GobValue] {
        guard case .list(let elements) = self else {
            return []
        }
        return elements
    }

    /// The value of a structure's field; `nil` for one that was not sent, which has its zero value.
    package subscript(field: String) -> GobValue? {
        guard case .structure(let members) = self else {
            return nil
        }
        return members.first { $0.name == field }?.value
    }
}

/// A key and a value of a map.
package struct GobPair: Sendable, Equatable {
    package let key: GobValue
    package let value: GobValue

    package init(_ key: GobValue, _ value: GobValue) {
        self.key = key
        self.value = value
    }
}

/// A field of a structure, and its value.
package struct GobMember: Sendable, Equatable {
    /// The field's place in the type, from 0.
    package let index: Int
    package let name: String
    package let value: GobValue

    package init(_ index: Int, _ name: String, _ value: GobValue) {
        self.index = index
        self.name = name
        self.value = value
    }
}

/// A value whose type is told beside it.
package struct GobDynamic: Sendable, Equatable {
    /// The name under which the type is registered, as in `*mcnflag.StringFlag`; empty at the top level.
    package let name: String
    package let type: GobType
    package let value: GobValue

    package init(name: String = "", type: GobType, value: GobValue) {
        self.name = name
        self.type = type
        self.value = value
    }
}
