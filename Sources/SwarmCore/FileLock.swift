// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// An advisory lock between processes, on a file made for that; released when the owner is freed or
/// the process ends, however it ends.
///
/// Hold it only while writing: two runs of swarmctl work on one store at the same time.
package struct FileLock: ~Copyable {
    private let file: Int32

    /// Takes the lock, waiting while another process has it.
    ///
    /// Blocks the thread; the lock is meant to be held for milliseconds.
    ///
    /// - Parameter path: the lock's file, made when missing, never removed.
    /// - Throws: ``FileError``.
    package init(path: String) throws(FileError) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, mode_t(0o600))
        guard file >= 0 else {
            throw FileError(action: "lock", path: path, code: errno)
        }
        while flock(file, LOCK_EX) != 0 {
            let code = errno
            guard code == EINTR else {
                close(file)
                throw FileError(action: "lock", path: path, code: code)
            }
        }
        self.file = file
    }

    /// Says where the lock is given back, for a `defer`; does nothing itself.
    package borrowing func release() {}

    deinit {
        close(file)
    }
}

/// The right to be the only process at work on something, given back when the value is freed or
/// the process ends, however it ends.
package final class ExclusiveUse: Sendable {
    private let file: Int32

    /// Takes the right without waiting; `nil` when another process has it.
    ///
    /// - Parameter path: a file made for that; made when missing, never removed.
    /// - Throws: ``FileError``.
    package init?(path: String) throws(FileError) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, mode_t(0o600))
        guard file >= 0 else {
            throw FileError(action: "lock", path: path, code: errno)
        }
        self.file = file
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            guard code == EWOULDBLOCK else {
                throw FileError(action: "lock", path: path, code: code)
            }
            return nil
        }
    }

    deinit {
        close(file)
    }
}
