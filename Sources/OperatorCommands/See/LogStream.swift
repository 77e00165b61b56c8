// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Cuts an engine's log stream into lines.
///
/// The engine sends frames: one byte for the stream, three of nothing, four of length, the bytes. A
/// container with a terminal has no frames; ours have none.
package struct LogStream: Sendable {
    /// A frame longer than this is not one, in bytes.
    private static let longestFrame = 1 << 24
    /// A line without end is cut here, in bytes.
    private static let longestLine = 1 << 20

    private var buffer: [UInt8] = []
    private var partial: [UInt8: [UInt8]] = [:]

    package init() {}

    /// Takes the next bytes and returns the lines that they complete, without line breaks.
    ///
    /// - Throws: ``OperatorError/unexpectedReply(url:problem:)`` for bytes that are no frames.
    package mutating func add(_ bytes: [UInt8]) throws(OperatorError) -> [String] {
        buffer += bytes
        var lines: [String] = []
        var start = 0
        while buffer.count - start >= 8 {
            let header = buffer[start..<(start + 8)]
            let length = header.suffix(4).reduce(0) { $0 << 8 | Int($1) }
            guard buffer[start] <= 3, length <= Self.longestFrame else {
                throw .unexpectedReply(url: "the engine", problem: "its log stream has no frames")
            }
            guard buffer.count - start >= 8 + length else {
                break
            }
            let payload = buffer[(start + 8)..<(start + 8 + length)]
            lines += cut(payload, stream: buffer[start])
            start += 8 + length
        }
        buffer.removeFirst(start)
        return lines
    }

    /// What is left after the end of the stream: the last lines, should they lack a line break.
    package mutating func finish() -> [String] {
        defer { partial = [:] }
        return partial.sorted { $0.key < $1.key }.map(\.value).filter { !$0.isEmpty }.map(Self.text)
    }

    private mutating func cut(_ payload: ArraySlice<UInt8>, stream: UInt8) -> [String] {
        var line = partial[stream] ?? []
        var lines: [String] = []
        for byte in payload {
            if byte == UInt8(ascii: "\n") || line.count >= Self.longestLine {
                lines.append(Self.text(line))
                line = []
            }
            if byte != UInt8(ascii: "\n") {
                line.append(byte)
            }
        }
        partial[stream] = line
        return lines
    }

    private static func text(_ line: [UInt8]) -> String {
        let text = String(decoding: line, as: UTF8.self)
        return text.hasSuffix("\r") ? String(text.dropLast()) : text
    }
}
