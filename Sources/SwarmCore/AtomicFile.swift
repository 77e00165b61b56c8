// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A failed call on a file, with the path and the system's reason.
package struct FileError: UserFacingError, Equatable {
    /// What was tried, as a verb phrase: `read`, `write`, `lock`.
    package let action: String
    package let path: String
    /// The value of `errno`.
    package let code: Int32

    package init(action: String, path: String, code: Int32) {
        self.action = action
        self.path = path
        self.code = code
    }

    package var message: String {
        "cannot \(action) \"\(path)\": \(String(cString: strerror(code)))"
    }

    package var hint: String? {
        switch code {
        case EACCES, EPERM: "check the owner and the mode with `ls -l \(path)`"
        case ENOSPC: "make room with `df -h \(path)`"
        default: nil
        }
    }

    package var kind: ErrorKind {
        switch code {
        case ENOENT, ENOTDIR: .notFound
        case EACCES, EPERM: .denied
        default: .failed
        }
    }
}

/// Files that are whole or not there at all, whatever kills the process.
package enum AtomicFile {
    /// Replaces the content of `path`: written to a temporary file beside it, fsynced, renamed, and
    /// the folder fsynced.
    ///
    /// The temporary file has `mode` from its first byte, so a private key is never readable by
    /// others. A symbolic link at `path` is replaced, not followed.
    ///
    /// - Parameters:
    ///   - bytes: the whole new content.
    ///   - path: the file to replace or make; its folder must exist.
    ///   - mode: permission bits, not cut by the umask; 0600 unless told.
    /// - Throws: ``FileError``.
    package static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o600) throws(FileError) {
        let temporary = "\(path).tmp-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(0o600))
        guard file >= 0 else {
            throw FileError(action: "write", path: path, code: errno)
        }
        let failure = fill(file, with: bytes, mode: mode)
        close(file)
        guard failure == 0 else {
            unlink(temporary)
            throw FileError(action: "write", path: path, code: failure)
        }
        guard rename(temporary, path) == 0 else {
            let code = errno
            unlink(temporary)
            throw FileError(action: "write", path: path, code: code)
        }
        syncFolder(of: path)
    }

    /// Replaces the content of `path` by `text` in UTF-8; see ``write(_:to:mode:)-([UInt8],_,_)``.
    package static func write(_ text: String, to path: String, mode: UInt32 = 0o600) throws(FileError) {
        try write(Array(text.utf8), to: path, mode: mode)
    }

    /// Removes temporary files that processes which are gone left in `folder`, and in the folders in it.
    ///
    /// What cannot be removed stays: nothing reads such a file.
    package static func removeLeftovers(in folder: String) {
        guard let stream = opendir(folder) else {
            return
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let path = "\(folder)/\(name)"
            if name.hasPrefix(".") {
                continue
            } else if isLeftover(name) {
                unlink(path)
            } else if isFolder(path) {
                removeLeftovers(in: path)
            }
        }
    }

    /// Whether `name` is that of a temporary file whose process has ended.
    private static func isLeftover(_ name: String) -> Bool {
        guard let mark = name.firstRange(of: ".tmp-"),
            let process = name[mark.upperBound...].split(separator: "-").first.flatMap({ pid_t($0) }),
            process > 0
        else {
            return false
        }
        return systemKill(process, 0) != 0 && errno == ESRCH
    }

    /// The whole content of `path`.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - limit: the largest size read, in bytes; a longer file is an error (`EFBIG`).
    /// - Returns: the bytes.
    /// - Throws: ``FileError``.
    package static func read(_ path: String, limit: Int = 64 << 20) throws(FileError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw FileError(action: "read", path: path, code: errno)
        }
        defer { close(file) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let size = chunk.count
            let count = chunk.withUnsafeMutableBytes { systemRead(file, $0.baseAddress, size) }
            if count < 0, errno == EINTR {
                continue
            }
            guard count >= 0 else {
                throw FileError(action: "read", path: path, code: errno)
            }
            if count == 0 {
                return content
            }
            content += chunk.prefix(count)
            guard content.count <= limit else {
                throw FileError(action: "read", path: path, code: EFBIG)
            }
        }
    }

    /// The content of `path` as text; bytes that are not UTF-8 are replaced.
    package static func readText(_ path: String, limit: Int = 64 << 20) throws(FileError) -> String {
        String(decoding: try read(path, limit: limit), as: UTF8.self)
    }

    /// Whether something is at `path`; a dangling link counts as nothing.
    package static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// Makes the folder `path` and those above it; one that is there already keeps its mode.
    ///
    /// - Parameters:
    ///   - path: the folder.
    ///   - mode: the permission bits of each folder made, cut by the umask; 0700 unless told.
    /// - Throws: ``FileError``.
    package static func makeFolder(_ path: String, mode: UInt32 = 0o700) throws(FileError) {
        if mkdir(path, mode_t(mode)) == 0 {
            return
        }
        switch errno {
        case EEXIST where isFolder(path):
            return
        case ENOENT:
            guard let cut = path.lastIndex(of: "/"), cut != path.startIndex else {
                throw FileError(action: "make the folder", path: path, code: ENOENT)
            }
            try makeFolder(String(path[..<cut]), mode: mode)
            guard mkdir(path, mode_t(mode)) == 0 || (errno == EEXIST && isFolder(path)) else {
                throw FileError(action: "make the folder", path: path, code: errno)
            }
        default:
            throw FileError(action: "make the folder", path: path, code: errno)
        }
    }

    /// Removes a file; one that is not there counts as removed.
    package static func remove(_ path: String) {
        if unlink(path) == 0 {
            syncFolder(of: path)
        }
    }

    /// The names of what is in a folder, sorted, without hidden ones; none when it cannot be read.
    package static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else {
            return []
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") {
                names.append(name)
            }
        }
        return names.sorted()
    }

    /// Whether `path` is a folder, or a link to one.
    package static func isFolder(_ path: String) -> Bool {
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
    }

    /// Returns 0, or the `errno` of the first call that failed.
    private static func fill(_ file: Int32, with bytes: [UInt8], mode: UInt32) -> Int32 {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { systemWrite(file, $0.baseAddress, written, bytes.count - written) }
            if count < 0, errno == EINTR {
                continue
            }
            guard count >= 0 else {
                return errno
            }
            written += count
        }
        guard fchmod(file, mode_t(mode)) == 0, fsync(file) == 0 else {
            return errno
        }
        return 0
    }

    /// Makes a rename in the folder of `path` last; a file system that cannot is left alone.
    private static func syncFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let file = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            return
        }
        fsync(file)
        close(file)
    }

    private static func systemRead(_ file: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        guard let buffer else {
            return 0
        }
        return unistdRead(file, buffer, count)
    }

    private static func systemWrite(
        _ file: Int32,
        _ buffer: UnsafeRawPointer?,
        _ offset: Int,
        _ count: Int
    ) -> Int {
        guard let buffer else {
            return 0
        }
        return unistdWrite(file, buffer + offset, count)
    }
}

// Inside `AtomicFile` the names `read` and `write` mean its own methods.
private func unistdRead(_ file: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(file, buffer, count)
}

private func unistdWrite(_ file: Int32, _ buffer: UnsafeRawPointer, _ count: Int) -> Int {
    write(file, buffer, count)
}

private func systemKill(_ process: pid_t, _ signal: Int32) -> Int32 {
    kill(process, signal)
}
