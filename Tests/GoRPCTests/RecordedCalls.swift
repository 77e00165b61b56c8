// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import GoRPC

/// The exchanges with a real driver plug-in, as recorded.
struct RecordedCalls {
    struct Call {
        var method: String
        var request: [UInt8] = []
        var reply: [UInt8] = []
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
    static let path = folder.appendingPathComponent("plugin-rpc.txt").path

    let calls: [Call]

    init() throws {
        var calls: [Call] = []
        var isReply = false
        for line in try String(contentsOfFile: Self.path, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("=== CALL ") {
                calls.append(Call(method: String(line.dropFirst(9))))
            } else if line.hasPrefix("C->S") || line.hasPrefix("S->C") {
                isReply = line.hasPrefix("S")
            } else if line.prefix(8).allSatisfy(\.isHexDigit), line.count > 10, !calls.isEmpty {
                let bytes = line.dropFirst(10).prefix(49).split(separator: " ").compactMap { UInt8($0, radix: 16) }
                let last = calls.count - 1
                isReply ? (calls[last].reply += bytes) : (calls[last].request += bytes)
            }
        }
        self.calls = calls
    }

    /// All that one side sent.
    var requests: [UInt8] { calls.flatMap(\.request) }
    var replies: [UInt8] { calls.flatMap(\.reply) }
}

/// All values of a stream.
func decodeAll(_ bytes: [UInt8]) throws -> [GobDynamic] {
    var decoder = GobDecoder(bytes)
    var values: [GobDynamic] = []
    while let value = try decoder.next() {
        values.append(value)
    }
    return values
}

/// The stream of `values`.
func encodeAll(_ values: [GobDynamic]) throws -> [UInt8] {
    var encoder = GobEncoder()
    var bytes: [UInt8] = []
    for value in values {
        bytes += try encoder.encode(value.value, as: value.type)
    }
    return bytes
}
