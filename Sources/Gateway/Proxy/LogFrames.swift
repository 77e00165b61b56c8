// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
package import NIOCore

/// Reads the frames of a log that was asked for with times, so that it can be continued after the last one.
///
/// A frame is a byte for the stream, three zeros, four bytes for the length, and a message of the log, which begins with
/// the time when it was written: `2026-11-22T18:14:59.260000000Z ` (`RFC3339NanoFixed`).
package struct LogFrames: Sendable {
    /// The longest message taken, in bytes; engines cut theirs at 16 KiB.
    private static let limit: UInt32 = 4 << 20
    /// The engine's own words about the log, without a time.
    private static let systemStream: UInt8 = 3

    private let keepsTimes: Bool
    private var rest = ByteBuffer()
    private var lastTime: [UInt8]?

    /// - Parameter keepsTimes: whether the reader wants to see the times.
    package init(keepsTimes: Bool) {
        self.keepsTimes = keepsTimes
    }

    /// Forgets the beginning of a frame whose end never came.
    package mutating func breakOff() {
        rest.clear()
    }

    /// The frames that are complete with `bytes`, as the reader wants them; `nil` when there is none.
    ///
    /// - Throws: ``DockerAPIError/tooLarge(what:limit:)``.
    package mutating func append(_ bytes: ByteBuffer) throws -> ByteBuffer? {
        var bytes = bytes
        rest.writeBuffer(&bytes)
        var frames = ByteBuffer()
        while let length = rest.getInteger(at: rest.readerIndex + 4, as: UInt32.self) {
            guard length <= Self.limit else {
                throw DockerAPIError.tooLarge(what: "a message of the log", limit: Int(Self.limit))
            }
            guard let stream = rest.getInteger(at: rest.readerIndex, as: UInt8.self),
                var message = rest.getSlice(at: rest.readerIndex + 8, length: Int(length))
            else {
                break
            }
            rest.moveReaderIndex(forwardBy: 8 + Int(length))
            if stream != Self.systemStream {
                takeTime(of: &message)
            }
            frames.writeMultipleIntegers(stream, UInt8(0), UInt16(0), UInt32(message.readableBytes))
            frames.writeBuffer(&message)
        }
        rest.discardReadBytes()
        return frames.readableBytes > 0 ? frames : nil
    }

    private mutating func takeTime(of message: inout ByteBuffer) {
        guard let end = message.readableBytesView.firstIndex(of: UInt8(ascii: " ")),
            let time = message.getBytes(at: message.readerIndex, length: end - message.readerIndex)
        else {
            return
        }
        lastTime = time
        if !keepsTimes {
            message.moveReaderIndex(to: end + 1)
        }
    }

    /// The instant right after the last message, as the parameter `since` takes it; `nil` when there was none.
    package var continuation: String? {
        guard let lastTime, let point = lastTime.firstIndex(of: UInt8(ascii: ".")) else {
            return nil
        }
        let digits = lastTime[(point + 1)...].prefix { $0 >= 48 && $0 <= 57 }
        let zone = lastTime[(point + 1 + digits.count)...]
        guard let seconds = WallTime.parse(String(decoding: lastTime[..<point] + zone, as: UTF8.self)),
            let fraction = Int(String(decoding: digits.prefix(9), as: UTF8.self)), digits.count == 9
        else {
            return nil
        }
        let next = fraction + 1
        let (whole, nanoseconds) = next == 1_000_000_000 ? (Int(seconds) + 1, 0) : (Int(seconds), next)
        let text = String(nanoseconds)
        return "\(whole)." + String(repeating: "0", count: 9 - text.count) + text
    }
}
