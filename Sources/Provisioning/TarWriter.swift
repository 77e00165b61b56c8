// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
import SwarmCore

/// Writes a tar archive (POSIX.1-1988, ustar) to a file, without owner names and times, so that it is reproducible.
final class TarWriter {
    private static let blockSize = 512

    private let path: String
    private let handle: FileHandle
    private var size: Int64 = 0

    init(path: String) throws {
        self.path = path
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else {
            throw FileError(action: "write", path: path, code: errno)
        }
        self.handle = handle
    }

    /// Two empty blocks: the end of an archive.
    static var end: [UInt8] { [UInt8](repeating: 0, count: 2 * blockSize) }

    /// What fills up the last block of a file.
    static func padding(after size: Int64) -> [UInt8] {
        [UInt8](repeating: 0, count: (blockSize - Int(size % Int64(blockSize))) % blockSize)
    }

    /// The block before a file's content.
    ///
    /// - Parameters:
    ///   - name: at most 100 bytes.
    ///   - size: in bytes, below 8 GiB.
    ///   - mode: permission bits.
    /// - Returns: one block.
    static func header(name: String, size: Int64, mode: UInt32) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: blockSize)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() {
                block[offset + index] = byte
            }
        }
        func octal(_ value: Int64, digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(String(decoding: name.utf8.prefix(100), as: UTF8.self), at: 0)
        put(octal(Int64(mode), digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(size, digits: 11), at: 124)
        put(octal(0, digits: 11), at: 136)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        // The checksum counts its own field as spaces.
        put("        ", at: 148)
        put(octal(block.reduce(0) { $0 + Int64($1) }, digits: 6) + "\0 ", at: 148)
        return block
    }

    /// Appends bytes as they are.
    func write(_ bytes: [UInt8]) throws {
        do {
            try handle.write(contentsOf: bytes)
        } catch {
            throw FileError(action: "write", path: path, code: errno)
        }
        size += Int64(bytes.count)
    }

    /// Appends a small file.
    func file(_ name: String, _ text: String) throws {
        let bytes = Array(text.utf8)
        try write(Self.header(name: name, size: Int64(bytes.count), mode: 0o644))
        try write(bytes + Self.padding(after: Int64(bytes.count)))
    }

    /// Puts all on disk and closes the file; returns its size in bytes.
    func finish() throws -> Int64 {
        try handle.synchronize()
        try handle.close()
        return size
    }
}
