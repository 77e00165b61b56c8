// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOCore

/// A text that is in memory, sent in chunks as fast as the receiver takes it: a list without the work of making it.
struct ChunkSource: Sendable {
    /// As large as a manager's pieces of a list.
    private static let pieceSize = 128 << 10

    let text: ByteBuffer

    /// Writes header and body; the next piece when the one before it is with the system.
    func send(on channel: any Channel) {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        channel.writeAndFlush(ByteBuffer(string: head), promise: nil)
        next(text, on: channel)
    }

    private func next(_ left: ByteBuffer, on channel: any Channel) {
        var left = left
        let count = min(left.readableBytes, Self.pieceSize)
        guard count > 0, let piece = left.readSlice(length: count) else {
            return channel.writeAndFlush(ByteBuffer(string: "0\r\n\r\n"), promise: nil)
        }
        let rest = left
        channel.write(ByteBuffer(string: String(count, radix: 16) + "\r\n"), promise: nil)
        channel.write(piece, promise: nil)
        channel.writeAndFlush(ByteBuffer(string: "\r\n")).whenSuccess { next(rest, on: channel) }
    }
}
