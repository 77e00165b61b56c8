// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOHTTP1

/// First lines and headers of HTTP/1.1 messages, read strictly (RFC 9112).
///
/// What two servers could read differently is refused, because a proxy that is lenient can be made
/// to see other requests than the engine behind it.
package enum HTTPHead {
    /// The longest first line with header, in bytes.
    package static let sizeLimit = 64 << 10
    /// The most header fields.
    static let fieldLimit = 256

    /// Reads the bytes up to and including the empty line.
    ///
    /// - Throws: ``DockerAPIError/malformedMessage(reason:)``.
    package static func request(_ bytes: [UInt8]) throws(DockerAPIError) -> HTTPRequestHead {
        let lines = try lines(bytes)
        let parts = (lines.first ?? []).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3, isToken(parts[0]), !parts[1].isEmpty, parts[1].allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw .malformedMessage(reason: "bad request line")
        }
        return HTTPRequestHead(
            version: try version(parts[2]),
            method: HTTPMethod(rawValue: String(decoding: parts[0], as: UTF8.self)),
            uri: String(decoding: parts[1], as: UTF8.self),
            headers: try fields(lines.dropFirst())
        )
    }

    /// Reads the bytes up to and including the empty line.
    ///
    /// - Throws: ``DockerAPIError/malformedMessage(reason:)``.
    package static func response(_ bytes: [UInt8]) throws(DockerAPIError) -> HTTPResponseHead {
        let lines = try lines(bytes)
        let line = lines.first ?? []
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[1].count == 3, let status = Int(String(decoding: parts[1], as: UTF8.self)),
            (100...999).contains(status)
        else {
            throw .malformedMessage(reason: "bad status line")
        }
        return HTTPResponseHead(
            version: try version(parts[0]),
            status: .custom(
                code: UInt(status),
                reasonPhrase: parts.count > 2 ? String(decoding: parts[2], as: UTF8.self) : ""
            ),
            headers: try fields(lines.dropFirst())
        )
    }

    private static func lines(_ bytes: [UInt8]) throws(DockerAPIError) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\r")) {
            guard end + 1 < rest.endIndex, rest[end + 1] == UInt8(ascii: "\n") else {
                throw .malformedMessage(reason: "carriage return inside the header")
            }
            if end == rest.startIndex {
                return lines
            }
            lines.append(rest[..<end])
            rest = rest[(end + 2)...]
        }
        throw .malformedMessage(reason: "no end of the header")
    }

    private static func fields(_ lines: ArraySlice<ArraySlice<UInt8>>) throws(DockerAPIError) -> HTTPHeaders {
        guard lines.count <= fieldLimit else {
            throw .tooLarge(what: "the number of header fields", limit: fieldLimit)
        }
        var headers = HTTPHeaders()
        headers.reserveCapacity(lines.count)
        for line in lines {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), isToken(line[..<colon]) else {
                throw .malformedMessage(reason: "bad header field")
            }
            let value = trim(line[(colon + 1)...])
            guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\t") }) else {
                throw .malformedMessage(reason: "control character in a header field")
            }
            headers.add(
                name: String(decoding: line[..<colon], as: UTF8.self),
                value: String(decoding: value, as: UTF8.self)
            )
        }
        return headers
    }

    private static func version(_ text: ArraySlice<UInt8>) throws(DockerAPIError) -> HTTPVersion {
        switch String(decoding: text, as: UTF8.self) {
        case "HTTP/1.1": .http1_1
        case "HTTP/1.0": .http1_0
        default: throw .malformedMessage(reason: "not HTTP/1")
        }
    }

    private static func trim(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var value = value
        while let byte = value.first, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
            value = value.dropFirst()
        }
        while let byte = value.last, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
            value = value.dropLast()
        }
        return value
    }

    private static func isToken(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default:
                    "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
