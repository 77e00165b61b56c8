// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOCore
package import NIOHTTP1
internal import Synchronization

/// Reads HTTP/1.1 messages from a pipe, and leaves every byte after a message in it.
package struct HTTPMessageReader: Sendable {
    package let pipe: BytePipe

    package init(pipe: BytePipe) {
        self.pipe = pipe
    }

    /// The next request; `nil` when the peer closed instead of sending one.
    package func requestHead() async throws -> HTTPRequestHead? {
        try await headBytes().map { bytes throws(DockerAPIError) in try HTTPHead.request(bytes) }
    }

    /// The next response; `nil` when the peer closed instead of sending one.
    package func responseHead() async throws -> HTTPResponseHead? {
        try await headBytes().map { bytes throws(DockerAPIError) in try HTTPHead.response(bytes) }
    }

    private func headBytes() async throws -> [UInt8]? {
        var bytes: [UInt8] = []
        while let chunk = try await pipe.read() {
            let known = bytes.count
            bytes += chunk.readableBytesView
            if known == 0 {
                // Empty lines before a request are left out (RFC 9112, 2.2).
                bytes.removeFirst(bytes.prefix { $0 == 0x0D || $0 == 0x0A }.count)
            }
            if let end = Self.endOfHead(bytes, from: max(0, known - 3)) {
                pipe.unread(ByteBuffer(bytes: bytes[end...]))
                guard end <= HTTPHead.sizeLimit else {
                    throw DockerAPIError.tooLarge(what: "the header", limit: HTTPHead.sizeLimit)
                }
                return Array(bytes[..<end])
            }
            guard bytes.count <= HTTPHead.sizeLimit else {
                throw DockerAPIError.tooLarge(what: "the header", limit: HTTPHead.sizeLimit)
            }
        }
        guard bytes.isEmpty else {
            throw DockerAPIError.malformedMessage(reason: "the header breaks off")
        }
        return nil
    }

    private static func endOfHead(_ bytes: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + 3 < bytes.count {
            if bytes[index] == 0x0D, bytes[index + 1] == 0x0A, bytes[index + 2] == 0x0D, bytes[index + 3] == 0x0A {
                return index + 4
            }
            index += 1
        }
        return nil
    }
}

/// The body of a message that is being received.
package final class HTTPBodyReader: ByteSource {
    private let pipe: BytePipe
    private let decoder: Mutex<HTTPBodyDecoder>
    private let beforeFirstRead: Mutex<(@Sendable () async throws -> Void)?>

    /// - Parameters:
    ///   - pipe: where the bytes come from.
    ///   - decoder: where the body ends.
    ///   - beforeFirstRead: called when the body is wanted and not there yet: `100 Continue`.
    package init(
        pipe: BytePipe,
        decoder: HTTPBodyDecoder,
        beforeFirstRead: (@Sendable () async throws -> Void)? = nil
    ) {
        self.pipe = pipe
        self.decoder = Mutex(decoder)
        self.beforeFirstRead = Mutex(beforeFirstRead)
    }

    /// Whether the body was read to its end.
    package var isComplete: Bool {
        decoder.withLock { $0.isComplete }
    }

    package func read() async throws -> ByteBuffer? {
        if let action = beforeFirstRead.withLock({ $0.take() }), !isComplete {
            try await action()
        }
        while !isComplete {
            guard var bytes = try await pipe.read() else {
                guard decoder.withLock({ $0.isUntilEnd }) else {
                    throw DockerAPIError.malformedMessage(reason: "the body breaks off")
                }
                return nil
            }
            let piece = try decoder.withLock { decoder throws(DockerAPIError) in try decoder.decode(&bytes) }
            pipe.unread(bytes)
            if let piece {
                return piece
            }
        }
        return nil
    }

    /// The whole body, if all of it is there and waits to be read; else nothing is read.
    ///
    /// - Returns: `nil` also when it is longer than `limit`, or broken: ``collect(limit:)`` says so.
    package func collectArrived(limit: Int) -> [UInt8]? {
        guard !isComplete else {
            return []
        }
        guard beforeFirstRead.withLock({ $0 == nil }), let chunk = pipe.readArrived() else {
            return nil
        }
        var rest = chunk
        var bytes: [UInt8] = []
        let decoded = decoder.withLock { decoder -> Bool in
            var copy = decoder
            while let piece = try? copy.decode(&rest) {
                bytes += piece.readableBytesView
            }
            guard copy.isComplete, bytes.count <= limit else {
                return false
            }
            decoder = copy
            return true
        }
        pipe.unread(decoded ? rest : chunk)
        return decoded ? bytes : nil
    }

    /// The whole body.
    ///
    /// - Throws: ``DockerAPIError/tooLarge(what:limit:)`` as soon as it is longer than `limit`.
    package func collect(limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let chunk = try await read() {
            guard bytes.count + chunk.readableBytes <= limit else {
                throw DockerAPIError.tooLarge(what: "the body", limit: limit)
            }
            bytes += chunk.readableBytesView
        }
        return bytes
    }
}
