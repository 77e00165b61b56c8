// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// What a request sends, read piece by piece on the loop's thread.
final class UploadSource {
    private let bytes: [UInt8]
    private let path: String
    /// The open file, or -1.
    private let file: Int32
    private var position = 0
    /// In bytes; `nil` when the request has no body.
    let size: Int?

    /// - Throws: ``HTTPError/file(_:)`` when the file cannot be opened.
    init(_ body: HTTPBody) throws(HTTPError) {
        switch body {
        case .none:
            (bytes, path, file, size) = ([], "", -1, nil)
        case .bytes(let bytes):
            (self.bytes, path, file, size) = (bytes, "", -1, bytes.count)
        case .file(let path):
            let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else {
                throw .file(FileError(action: "read", path: path, code: errno))
            }
            var information = stat()
            guard unsafe fstat(file, &information) == 0 else {
                let code = errno
                close(file)
                throw .file(FileError(action: "read", path: path, code: code))
            }
            (bytes, self.path, self.file, size) = ([], path, file, Int(information.st_size))
        }
    }

    deinit {
        if file >= 0 {
            close(file)
        }
    }

    /// Fills `room` as far as there is something left, and returns how many bytes it put there.
    func read(into room: UnsafeMutableRawBufferPointer) throws(HTTPError) -> Int {
        guard file >= 0 else {
            let count = min(room.count, bytes.count - position)
            unsafe room.copyBytes(from: bytes[position..<position + count])
            position += count
            return count
        }
        while true {
            let count = unsafe pread(file, room.baseAddress, room.count, off_t(position))
            if count < 0, errno == EINTR {
                continue
            }
            guard count >= 0 else {
                throw .file(FileError(action: "read", path: path, code: errno))
            }
            position += count
            return count
        }
    }

    /// Goes back for a second attempt on a fresh connection; false when `offset` is outside.
    func seek(to offset: Int) -> Bool {
        guard (0...(size ?? 0)).contains(offset) else {
            return false
        }
        position = offset
        return true
    }
}
