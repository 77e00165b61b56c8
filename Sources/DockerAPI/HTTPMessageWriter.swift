// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOCore
package import NIOHTTP1

/// Writes HTTP/1.1 messages to a pipe.
package struct HTTPMessageWriter: Sendable {
    package let pipe: BytePipe

    package init(pipe: BytePipe) {
        self.pipe = pipe
    }

    /// The bytes of a first line and header, with the empty line.
    package static func head(firstLine: String, headers: HTTPHeaders) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(512)
        bytes.writeString(firstLine)
        bytes.writeString("\r\n")
        for field in headers {
            bytes.writeString(field.name)
            bytes.writeString(": ")
            bytes.writeString(field.value)
            bytes.writeString("\r\n")
        }
        bytes.writeString("\r\n")
        return bytes
    }

    /// Sends `piece` as one chunk.
    package func writeChunk(_ piece: ByteBuffer) async throws {
        let size = ByteBuffer(string: String(piece.readableBytes, radix: 16) + "\r\n")
        try await pipe.write(size, piece, ByteBuffer(string: "\r\n"))
    }

    /// Sends the end of a body in chunks.
    package func writeLastChunk() async throws {
        try await pipe.write(ByteBuffer(string: "0\r\n\r\n"))
    }

    /// Sends what `source` gives to its end.
    ///
    /// - Parameters:
    ///   - source: read as fast as the peer takes the bytes.
    ///   - length: the number of bytes announced; `nil` sends chunks.
    /// - Throws: ``DockerAPIError/malformedMessage(reason:)`` when `source` has fewer or more bytes
    ///   than announced; else what `source` and the pipe throw.
    package func writeBody(_ source: any ByteSource, length: Int?) async throws {
        var sent = 0
        while let piece = try await source.read() {
            guard let length else {
                try await writeChunk(piece)
                continue
            }
            sent += piece.readableBytes
            guard sent <= length else {
                throw DockerAPIError.malformedMessage(reason: "the body is longer than announced")
            }
            try await pipe.write(piece)
        }
        guard let length else {
            return try await writeLastChunk()
        }
        guard sent == length else {
            throw DockerAPIError.malformedMessage(reason: "the body breaks off")
        }
    }
}
