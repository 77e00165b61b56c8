// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOCore

/// A body of zeros, sent as fast as the receiver takes it.
struct ArchiveSource: Sendable {
    private static let piece = ByteBuffer(repeating: 0, count: 256 << 10)

    /// In bytes.
    let size: Int

    /// Writes header and body; the next piece when the one before it is with the system.
    func send(on channel: any Channel) {
        let stat = "eyJuYW1lIjoiZGF0YSIsInNpemUiOjAsIm1vZGUiOjQyMCwibXRpbWUiOiIiLCJsaW5rVGFyZ2V0IjoiIn0="
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\nX-Docker-Container-Path-Stat: \(stat)\r\n"
            + "Content-Length: \(size)\r\n\r\n"
        channel.writeAndFlush(ByteBuffer(string: head), promise: nil)
        next(size, on: channel)
    }

    private func next(_ left: Int, on channel: any Channel) {
        guard left > 0 else {
            return
        }
        let count = min(left, Self.piece.readableBytes)
        let bytes = Self.piece.getSlice(at: 0, length: count) ?? ByteBuffer()
        channel.writeAndFlush(bytes).whenSuccess { next(left - count, on: channel) }
    }
}
