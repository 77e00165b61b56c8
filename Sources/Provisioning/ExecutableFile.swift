// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
import PKI
import SwarmCore

/// An executable for Linux, read piece by piece.
struct ExecutableFile {
    /// How much is in memory at once, in bytes.
    private static let pieceSize = 1 << 20

    let path: String
    /// In bytes.
    let size: Int64
    /// In Docker's words: `amd64`, `arm64`.
    let architecture: String

    /// Reads the file's header.
    ///
    /// - Throws: ``SwarmdImageError/notAnExecutable(path:)``, ``FileError``.
    init(path: String) throws {
        self.path = path
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw FileError(action: "read", path: path, code: errno)
        }
        defer { try? handle.close() }
        let header = Array(try handle.read(upToCount: 20) ?? Data())
        // ELF, 64 bit, little-endian; e_machine at 18.
        guard header.count == 20, header.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else {
            throw SwarmdImageError.notAnExecutable(path: path)
        }
        switch Int(header[18]) | Int(header[19]) << 8 {
        case 62: architecture = "amd64"
        case 183: architecture = "arm64"
        default: throw SwarmdImageError.notAnExecutable(path: path)
        }
        size = Int64(try handle.seekToEnd())
    }

    /// The SHA-256 of the whole file.
    func digest() throws -> String {
        var digest = try SHA256Digest()
        try forEachPiece { digest.update($0) }
        return digest.hexadecimal()
    }

    /// Calls `body` with exactly ``size`` bytes, piece by piece.
    func forEachPiece(_ body: ([UInt8]) throws -> Void) throws {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw FileError(action: "read", path: path, code: errno)
        }
        defer { try? handle.close() }
        var rest = size
        while rest > 0 {
            let piece = Array(try handle.read(upToCount: min(Self.pieceSize, Int(rest))) ?? Data())
            guard !piece.isEmpty else {
                throw SwarmdImageError.tooSmall(path: path)
            }
            rest -= Int64(piece.count)
            try body(piece)
        }
    }
}
