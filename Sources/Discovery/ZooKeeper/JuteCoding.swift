// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOCore

/// ZooKeeper's wire format (jute): big-endian numbers, and texts and bytes after their length.
extension ByteBuffer {
    mutating func writeJute(_ text: String) {
        writeInteger(Int32(clamping: text.utf8.count))
        writeString(text)
    }

    mutating func writeJute(bytes: [UInt8]) {
        writeInteger(Int32(clamping: bytes.count))
        writeBytes(bytes)
    }

    mutating func writeJute(_ flag: Bool) {
        writeInteger(UInt8(flag ? 1 : 0))
    }

    mutating func readJuteInt() throws(ZooKeeperError) -> Int32 {
        guard let value = readInteger(as: Int32.self) else {
            throw .malformedAnswer
        }
        return value
    }

    mutating func readJuteLong() throws(ZooKeeperError) -> Int64 {
        guard let value = readInteger(as: Int64.self) else {
            throw .malformedAnswer
        }
        return value
    }

    /// Bytes after their length; a length of -1 means none.
    mutating func readJuteBytes() throws(ZooKeeperError) -> [UInt8] {
        let length = try readJuteInt()
        guard length > 0 else {
            return []
        }
        guard let bytes = readBytes(length: Int(length)) else {
            throw .malformedAnswer
        }
        return bytes
    }

    mutating func readJuteText() throws(ZooKeeperError) -> String {
        String(decoding: try readJuteBytes(), as: UTF8.self)
    }
}

/// What ZooKeeper's answers say besides success.
enum ZooKeeperError: Error, Equatable {
    /// The answer breaks off, or is beyond a limit.
    case malformedAnswer
    case noNode
    case nodeExists
    case sessionExpired
    case denied
    case code(Int32)

    /// - Parameter code: as in the header of an answer; not 0.
    init(code: Int32) {
        self =
            switch code {
            case -101: .noNode
            case -110: .nodeExists
            case -112: .sessionExpired
            case -102, -115: .denied
            default: .code(code)
            }
    }
}

/// What ZooKeeper tells of a node.
struct ZooKeeperStat: Sendable {
    let created: Int64
    let owner: Int64

    init(reading buffer: inout ByteBuffer) throws(ZooKeeperError) {
        created = try buffer.readJuteLong()
        // mzxid, ctime, mtime; version, cversion, aversion.
        for _ in 0..<3 { _ = try buffer.readJuteLong() }
        for _ in 0..<3 { _ = try buffer.readJuteInt() }
        owner = try buffer.readJuteLong()
        // dataLength, numChildren; pzxid.
        for _ in 0..<2 { _ = try buffer.readJuteInt() }
        _ = try buffer.readJuteLong()
    }
}
