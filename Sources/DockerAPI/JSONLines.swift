// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOCore

/// Cuts a stream of JSON values, one a line, into values.
package struct JSONLines: Sendable {
    /// The longest line taken, in bytes.
    package static let lineLimit = 4 << 20

    private var rest: [UInt8] = []

    package init() {}

    /// The values that are complete with `chunk`; empty lines are left out.
    ///
    /// - Throws: ``DockerAPIError/tooLarge(what:limit:)``, ``DockerAPIError/unexpectedAnswer(what:)``.
    package mutating func append(_ chunk: ByteBuffer) throws(DockerAPIError) -> [JSON] {
        var found: [JSON] = []
        var bytes = chunk.readableBytesView
        while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
            // Each value has storage of its own: some are kept for long.
            rest += bytes[..<end]
            bytes = bytes[(end + 1)...]
            if let value = try Self.value(rest) {
                found.append(value)
            }
            rest = []
        }
        rest += bytes
        guard rest.count <= Self.lineLimit else {
            throw .tooLarge(what: "a line of the stream", limit: Self.lineLimit)
        }
        return found
    }

    /// The value of a last line that no newline ended.
    package mutating func finish() throws(DockerAPIError) -> JSON? {
        let value = try Self.value(rest)
        rest = []
        return value
    }

    private static func value(_ line: [UInt8]) throws(DockerAPIError) -> JSON? {
        guard line.contains(where: { $0 > UInt8(ascii: " ") }) else {
            return nil
        }
        do {
            return try JSON(parsing: line)
        } catch {
            throw .unexpectedAnswer(what: error.message)
        }
    }
}
