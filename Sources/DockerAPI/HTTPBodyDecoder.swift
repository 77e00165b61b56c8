// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOCore
package import NIOHTTP1

/// Finds the body in the bytes after a header: by length, in chunks, or up to the end (RFC 9112, 6).
///
/// Does no I/O: bytes are given to it, and it cuts payload out of them without copying.
package struct HTTPBodyDecoder: Sendable {
    /// The longest line with the size of a chunk or with a trailer field, in bytes.
    static let lineLimit = 8 << 10
    /// The most lines after the last chunk.
    static let trailerLimit = 64

    private enum State: Sendable, Equatable {
        case done
        case length(Int)
        case untilEnd
        case chunkSize
        case chunk(Int)
        case afterChunk
        case trailer(lines: Int)
    }

    private var state: State
    private var line: [UInt8] = []

    private init(_ state: State) {
        self.state = state == .length(0) ? .done : state
    }

    package var isComplete: Bool {
        state == .done
    }

    /// Whether the body goes on until the peer closes.
    package var isUntilEnd: Bool {
        state == .untilEnd
    }

    /// The body of a request.
    ///
    /// - Throws: ``DockerAPIError/malformedMessage(reason:)`` when it is not clear where it ends.
    package init(request headers: HTTPHeaders) throws(DockerAPIError) {
        self.init(try Self.framing(headers) ?? .done)
    }

    /// The body of a response to `method`.
    ///
    /// - Throws: ``DockerAPIError/malformedMessage(reason:)`` when it is not clear where it ends.
    package init(responseTo method: HTTPMethod, status: Int, headers: HTTPHeaders) throws(DockerAPIError) {
        if method == .HEAD || status < 200 || status == 204 || status == 304 {
            self.init(.done)
        } else {
            self.init(try Self.framing(headers) ?? .untilEnd)
        }
    }

    private static func framing(_ headers: HTTPHeaders) throws(DockerAPIError) -> State? {
        let encodings = headers["transfer-encoding"]
        let lengths = headers["content-length"]
        if !encodings.isEmpty {
            // Both, or an encoding that is not understood: the classic ways to smuggle a request.
            guard lengths.isEmpty, encodings.count == 1, encodings[0].lowercased() == "chunked" else {
                throw .malformedMessage(reason: "unclear transfer encoding")
            }
            return .chunkSize
        }
        guard let first = lengths.first else {
            return nil
        }
        guard lengths.allSatisfy({ $0 == first }), !first.isEmpty, first.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }),
            let length = Int(first)
        else {
            throw .malformedMessage(reason: "bad content length")
        }
        return .length(length)
    }

    /// Cuts the next payload from the front of `bytes`.
    ///
    /// - Returns: `nil` when `bytes` is used up or the body is complete.
    /// - Throws: ``DockerAPIError/malformedMessage(reason:)``.
    package mutating func decode(_ bytes: inout ByteBuffer) throws(DockerAPIError) -> ByteBuffer? {
        while bytes.readableBytes > 0 {
            switch state {
            case .done:
                return nil
            case .untilEnd:
                return bytes.readSlice(length: bytes.readableBytes)
            case .length(let left):
                let piece = take(left, from: &bytes)
                let rest = left - (piece?.readableBytes ?? 0)
                state = rest == 0 ? .done : .length(rest)
                return piece
            case .chunk(let left):
                let piece = take(left, from: &bytes)
                let rest = left - (piece?.readableBytes ?? 0)
                state = rest == 0 ? .afterChunk : .chunk(rest)
                return piece
            case .chunkSize, .afterChunk, .trailer:
                if let text = try nextLine(&bytes) {
                    try advance(after: text)
                }
            }
        }
        return nil
    }

    private func take(_ count: Int, from bytes: inout ByteBuffer) -> ByteBuffer? {
        bytes.readSlice(length: min(count, bytes.readableBytes))
    }

    private mutating func nextLine(_ bytes: inout ByteBuffer) throws(DockerAPIError) -> [UInt8]? {
        let view = bytes.readableBytesView
        let end = view.firstIndex(of: UInt8(ascii: "\n"))
        let part = end.map { view[view.startIndex...$0] } ?? view
        line += part
        bytes.moveReaderIndex(forwardBy: part.count)
        guard line.count <= Self.lineLimit else {
            throw .tooLarge(what: "a chunk's first line", limit: Self.lineLimit)
        }
        guard end != nil else {
            return nil
        }
        guard line.count >= 2, line[line.count - 2] == UInt8(ascii: "\r") else {
            throw .malformedMessage(reason: "line of a chunk without carriage return")
        }
        defer { line = [] }
        return Array(line.dropLast(2))
    }

    private mutating func advance(after text: [UInt8]) throws(DockerAPIError) {
        switch state {
        case .chunkSize:
            let size = try Self.chunkSize(text)
            state = size == 0 ? .trailer(lines: 0) : .chunk(size)
        case .afterChunk:
            guard text.isEmpty else {
                throw .malformedMessage(reason: "chunk longer than its size")
            }
            state = .chunkSize
        case .trailer(let lines):
            guard lines < Self.trailerLimit else {
                throw .tooLarge(what: "the number of trailer fields", limit: Self.trailerLimit)
            }
            state = text.isEmpty ? .done : .trailer(lines: lines + 1)
        case .done, .length, .untilEnd, .chunk:
            break
        }
    }

    private static func chunkSize(_ text: [UInt8]) throws(DockerAPIError) -> Int {
        let digits = text.prefix { JSONScanner.hexDigit($0) != nil }
        let rest = text.dropFirst(digits.count).drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard !digits.isEmpty, digits.count <= 15, rest.isEmpty || rest.first == UInt8(ascii: ";") else {
            throw .malformedMessage(reason: "bad chunk size")
        }
        return digits.reduce(0) { $0 << 4 | Int(JSONScanner.hexDigit($1) ?? 0) }
    }
}
