// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import Gateway
import NIOCore
import NIOHTTP1
import Scheduling

/// A reader of what clients send: any bytes may be given to it, and it must neither trap nor hang nor
/// contradict itself.
enum FuzzTarget: String, CaseIterable, Sendable {
    case target
    case json
    case head
    case chunks
    case pattern

    /// Reads `input`.
    ///
    /// - Returns: what is wrong with the reader; `nil` when nothing is.
    func problem(with input: [UInt8]) -> String? {
        switch self {
        case .target: Self.target(input)
        case .json: Self.json(input)
        case .head: Self.head(input)
        case .chunks: Self.chunks(input)
        case .pattern: Self.pattern(input)
        }
    }

    private static func target(_ input: [UInt8]) -> String? {
        guard let target = try? RequestTarget(String(decoding: input, as: UTF8.self)) else {
            return nil
        }
        if let bad = target.segments.first(where: { ["", ".", ".."].contains($0) || $0.contains("/") }) {
            return "segment \"\(bad)\""
        }
        for (name, value) in target.query where name == "filters" {
            if let filters = try? Filters(value), let text = filters.text, (try? Filters(text)) == nil {
                return "filters that cannot be read back: \(text)"
            }
        }
        return nil
    }

    /// What was read must come back as it was, and changed and written again be readable.
    private static func json(_ input: [UInt8]) -> String? {
        guard let json = try? JSON(parsing: input) else {
            return nil
        }
        guard let again = try? JSON(parsing: Array(json.bytes)), again == json else {
            return "not read again"
        }
        _ = (json.string, json.int, json.double, json.bool, json.strings, json.stringMap, json.elements.count)
        guard json.isObject else {
            return nil
        }
        let changed = json.rewriting { object in
            object.normalizeCase(of: ["Name"])
            object["swarmctl"] = JSON(String(decoding: input, as: UTF8.self))
        }
        return (try? JSON(parsing: Array(changed.bytes))) == nil ? "not read after a change" : nil
    }

    private static func head(_ input: [UInt8]) -> String? {
        guard let head = try? HTTPHead.request(input) else {
            return nil
        }
        if head.headers.contains(where: { $0.value.contains("\r") || $0.value.contains("\n") }) {
            return "line break in a field"
        }
        _ = try? HTTPBodyDecoder(request: head.headers)
        _ = try? RequestTarget(head.uri)
        return nil
    }

    /// The payload must not depend on how the bytes arrive.
    private static func chunks(_ input: [UInt8]) -> String? {
        let whole = payload(input, piece: max(1, input.count))
        let single = payload(input, piece: 1)
        return whole == single ? nil : "\(whole ?? []) at once, \(single ?? []) byte by byte"
    }

    /// `nil` when the bytes are refused.
    private static func payload(_ input: [UInt8], piece: Int) -> [UInt8]? {
        guard var decoder = try? HTTPBodyDecoder(request: ["Transfer-Encoding": "chunked"]) else {
            return nil
        }
        var payload: [UInt8] = []
        var start = 0
        while start < input.count, !decoder.isComplete {
            var bytes = ByteBuffer(bytes: input[start..<min(input.count, start + piece)])
            start += piece
            do {
                while let part = try decoder.decode(&bytes) {
                    payload += part.readableBytesView
                }
            } catch {
                return nil
            }
        }
        return payload
    }

    private static func pattern(_ input: [UInt8]) -> String? {
        let pattern = Pattern(regularExpression: String(decoding: input, as: UTF8.self))
        _ = pattern?.matches("/gateway-1/web")
        _ = pattern?.matches(String(repeating: "a", count: 64))
        return nil
    }

    /// What inputs are changed with.
    static let words = [
        "%2e", "%2f", "..", "\r\n", "\r\n\r\n", "{\"", "\":", "[", "]", "}", "\\u", "\\ud800", "0",
        "9999999999999999999",
        "-", "e9", "\u{0}", "chunked", "Content-Length: ", "Transfer-Encoding: ", "filters=", "/v1.41/", "(?", "{1,9}",
    ].map { Array($0.utf8) }
}
