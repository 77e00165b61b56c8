// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import GoRPC
import Testing

@Suite("Gob")
struct GobTests {
    @Test("the recorded streams, read and written again, are the same byte for byte")
    func roundTrip() throws {
        let recorded = try RecordedCalls()

        let requests = try decodeAll(recorded.requests)
        let replies = try decodeAll(recorded.replies)

        #expect(requests.count == 20)
        #expect(replies.count == 20)
        #expect(try encodeAll(requests) == recorded.requests)
        #expect(try encodeAll(replies) == recorded.replies)
    }

    @Test("each recorded reply says what the plug-in said")
    func contents() throws {
        let values = try decodeAll(try RecordedCalls().replies)

        #expect(values[1].value == .integer(1))
        #expect(values[7].value == .string("m1"))
        let flags = values[9].value.elements.compactMap { value -> GobDynamic? in
            guard case .interface(let dynamic) = value else {
                return nil
            }
            return dynamic
        }
        #expect(flags.map(\.name).prefix(2) == ["*mcnflag.IntFlag", "*mcnflag.StringFlag"])
        #expect(flags[0].value["Name"] == .string("generic-engine-port"))
        #expect(flags[0].value["Value"] == .integer(2376))
        #expect(values[16].value["Error"]?.string == "rpc: can't find method RPCServerDriver.Nope")
    }

    @Test(
        "every kind of value comes back as it was",
        arguments: [
            (GobType.boolean, GobValue.boolean(true)),
            (.integer, .integer(.min)),
            (.integer, .integer(-129)),
            (.unsigned, .unsigned(.max)),
            (.unsigned, .unsigned(128)),
            (.float, .float(-0.5)),
            (.complex, .complex(1, -2)),
            (.bytes, .bytes([0, 255])),
            (.string, .string("ä")),
            (.array(of: .string, count: 2, name: "pair"), .list([.string("a"), .string("")])),
            (.slice(of: .slice(of: .integer, name: ""), name: ""), .list([.list([.integer(1)]), .list([])])),
            (.map(key: .string, value: .interface, name: ""), .map([GobPair(.string("k"), .interface(nil))])),
            (.opaque(name: "Time", encoding: .binary), .bytes([1])),
        ]
    )
    func kinds(type: GobType, value: GobValue) throws {
        let nested = GobDynamic(name: "x", type: type, value: value)
        let inStructure = GobType.structure(name: "S", fields: [GobField("A", .interface), GobField("B", type)])
        let values = [
            GobDynamic(type: type, value: value),
            GobDynamic(type: .interface, value: .interface(nested)),
            GobDynamic(
                type: inStructure,
                value: .structure([GobMember(0, "A", .interface(nested)), GobMember(1, "B", value)])
            ),
        ]

        #expect(try decodeAll(try encodeAll(values)) == values)
    }

    @Test("definitions inside an interface inside an interface are read where Go puts them")
    func nestedDefinitions() throws {
        let inner = GobDynamic(
            name: "[]string",
            type: .slice(of: .string, name: "[]string"),
            value: .list([.string("v")])
        )
        let outer = GobDynamic(
            name: "*m",
            type: .structure(name: "m", fields: [GobField("Values", .map(key: .string, value: .interface, name: ""))]),
            value: .structure([GobMember(0, "Values", .map([GobPair(.string("k"), .interface(inner))]))])
        )
        let values = [GobDynamic(type: .interface, value: .interface(outer))]

        #expect(try decodeAll(try encodeAll(values + values)) == values + values)
    }

    @Test(
        "what is no gob is an error",
        arguments: [
            (bytes: [0x03, 0x04, 0x00] as [UInt8], error: GoRPCError.truncated),
            (bytes: [0x02, 0x04, 0x00], error: .truncated),
            (bytes: [0x03, 0x04, 0x01, 0x02], error: .malformed(problem: "a single value with a field's number")),
            (bytes: [0x04, 0x04, 0x00, 0x02, 0x00], error: .malformed(problem: "bytes after a value")),
            (bytes: [0x03, 0x7e, 0x00, 0x02], error: .malformed(problem: "type 63 is not defined")),
            (bytes: [0xf8, 0xff, 0, 0, 0, 0, 0, 0, 0], error: .malformed(problem: "a count beyond all bounds")),
            (bytes: [0xfc, 0x7f, 0, 0, 0], error: .tooLarge(problem: "a message of 2130706432 bytes")),
            // []T with T = []T: a type that never ends.
            (
                bytes: [0x0a, 0xff, 0x83, 0x02, 0x01, 0x02, 0xff, 0x84, 0x00, 0x01, 0xff, 0x84, 0x00, 0x00],
                error: .truncated
            ),
        ]
    )
    func malformed(bytes: [UInt8], error: GoRPCError) {
        #expect(throws: error) { try decodeAll(bytes) }
    }

    @Test("a type that contains itself is an error, not an endless loop")
    func recursion() throws {
        let definition: [UInt8] = [0xff, 0x83, 2, 1, 2, 0xff, 0x84, 0, 1, 0xff, 0x84, 0, 0]
        let value: [UInt8] = [0xff, 0x84, 0, 0]
        let bytes = [UInt8(definition.count)] + definition + [UInt8(value.count)] + value

        #expect(throws: GoRPCError.tooLarge(problem: "types nest too deep")) { try decodeAll(bytes) }
    }
}
