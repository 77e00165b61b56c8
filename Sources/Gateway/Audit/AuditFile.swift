// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A file that lines are added to, and that may be renamed at any time.
final class AuditFile: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        var device: UInt64 = 0
        var inode: UInt64 = 0
        var mustReopen = false
    }

    let path: String
    private let state = Mutex(State())

    init(path: String) {
        self.path = path
    }

    deinit {
        let descriptor = state.withLock { $0.descriptor }
        if descriptor >= 0 {
            close(descriptor)
        }
    }

    /// Opens the file if it is not open, or is not the one of that name any more.
    func open() throws(AuditError) {
        try state.withLock { (state) throws(AuditError) in try open(&state) }
    }

    func requestReopening() {
        state.withLock { $0.mustReopen = true }
    }

    /// Adds bytes at the end and waits until they are on the disk.
    ///
    /// After a failure the same bytes may be given again: what was written of them is cut off.
    func append(_ bytes: [UInt8]) throws(AuditError) {
        try state.withLock { (state) throws(AuditError) in
            try open(&state)
            let descriptor = state.descriptor
            let start = lseek(descriptor, 0, SEEK_END)
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
                guard count >= 0 || errno == EINTR else {
                    throw failure(descriptor, truncatingTo: start)
                }
                rest = rest.dropFirst(max(0, count))
            }
            // A device that cannot be synced, such as a terminal, has taken the lines all the same.
            guard fsync(descriptor) == 0 || errno == EINVAL else {
                throw failure(descriptor, truncatingTo: start)
            }
        }
    }

    private func failure(_ descriptor: Int32, truncatingTo start: off_t) -> AuditError {
        let reason = String(cString: strerror(errno))
        if start >= 0 {
            ftruncate(descriptor, start)
        }
        return .cannotWrite(path: path, reason: reason)
    }

    private func open(_ state: inout State) throws(AuditError) {
        var information = stat()
        let isThere = stat(path, &information) == 0
        let isSame = isThere && UInt64(information.st_ino) == state.inode && UInt64(information.st_dev) == state.device
        guard state.descriptor < 0 || !isSame || state.mustReopen else {
            return
        }
        let descriptor = Self.openForAppending(path)
        guard descriptor >= 0 else {
            throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
        }
        if state.descriptor >= 0 {
            close(state.descriptor)
        }
        fstat(descriptor, &information)
        state.descriptor = descriptor
        state.inode = UInt64(information.st_ino)
        state.device = UInt64(information.st_dev)
        state.mustReopen = false
    }

    private static func openForAppending(_ path: String) -> Int32 {
        #if canImport(Glibc)
        Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        #else
        Darwin.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        #endif
    }
}
