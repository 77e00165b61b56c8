// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A file that is being received: whole at its path after ``commit()``, gone without it.
struct DownloadFile: ~Copyable {
    private let path: String
    private let temporary: String
    private let file: Int32
    private var isCommitted = false

    /// - Throws: ``HTTPError/file(_:)``.
    init(for path: String) throws(HTTPError) {
        self.path = path
        temporary = "\(path).part-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        file = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(0o600))
        guard file >= 0 else {
            throw .file(FileError(action: "write", path: path, code: errno))
        }
    }

    deinit {
        close(file)
        if !isCommitted {
            unsafe unlink(temporary)
        }
    }

    func write(_ bytes: [UInt8]) throws(HTTPError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pwriteAtEnd(file, buffer, from: written)
            }
            if count < 0, errno == EINTR {
                continue
            }
            guard count >= 0 else {
                throw .file(FileError(action: "write", path: path, code: errno))
            }
            written += count
        }
    }

    /// Puts the file at its path, replacing what is there.
    mutating func commit() throws(HTTPError) {
        guard fsync(file) == 0, unsafe rename(temporary, path) == 0 else {
            throw .file(FileError(action: "write", path: path, code: errno))
        }
        isCommitted = true
    }
}

// Inside `DownloadFile`, `write` is its own method.
private func pwriteAtEnd(_ file: Int32, _ buffer: UnsafeRawBufferPointer, from offset: Int) -> Int {
    unsafe write(file, buffer.baseAddress.map { unsafe $0 + offset }, buffer.count - offset)
}
