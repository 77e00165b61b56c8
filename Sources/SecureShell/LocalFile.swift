// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A local file that is read or written piece by piece.
final class LocalFile {
    private let path: String
    private let file: Int32
    /// What is renamed to ``path`` by ``commit(mode:)``; nil when reading.
    private var temporary: String?

    /// - Throws: `FileError`.
    init(reading path: String) throws(FileError) {
        self.path = path
        file = openFile(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw FileError(action: "read", path: path, code: errno)
        }
    }

    /// Begins a temporary beside `path`, with mode 0600.
    ///
    /// - Throws: `FileError`.
    init(replacing path: String) throws(FileError) {
        self.path = path
        let temporary = "\(path).tmp-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        file = openFile(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(0o600))
        guard file >= 0 else {
            throw FileError(action: "write", path: path, code: errno)
        }
        self.temporary = temporary
    }

    deinit {
        if file >= 0 {
            close(file)
        }
        if let temporary {
            unsafe unlink(temporary)
        }
    }

    /// The next `size` bytes; fewer at the end, none after it.
    ///
    /// - Throws: `FileError`.
    func read(_ size: Int) throws(FileError) -> [UInt8] {
        var content: [UInt8] = []
        while content.count < size {
            var code = 0
            let wanted = size - content.count
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
                code = unsafe readFile(file, buffer.baseAddress, wanted)
                count = max(0, code)
            }
            if code < 0, errno == EINTR {
                continue
            }
            guard code >= 0 else {
                throw FileError(action: "read", path: path, code: errno)
            }
            if code == 0 {
                break
            }
            content = content.isEmpty ? bytes : content + bytes
        }
        return content
    }

    /// - Throws: `FileError`.
    func write(_ bytes: [UInt8]) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer.dropFirst(written))
                return unsafe writeFile(file, rest.baseAddress, rest.count)
            }
            if count < 0, errno == EINTR {
                continue
            }
            guard count >= 0 else {
                throw FileError(action: "write", path: path, code: errno)
            }
            written += count
        }
    }

    /// Gives the file its mode and its name.
    ///
    /// - Throws: `FileError`.
    func commit(mode: UInt32) throws(FileError) {
        guard let temporary, fchmod(file, mode_t(mode)) == 0, fsync(file) == 0, unsafe rename(temporary, path) == 0
        else {
            throw FileError(action: "write", path: path, code: errno)
        }
        self.temporary = nil
    }

    /// The names in a folder, sorted.
    ///
    /// - Throws: `FileError`.
    static func names(in path: String) throws(FileError) -> [String] {
        guard let folder = unsafe opendir(path) else {
            throw FileError(action: "list", path: path, code: errno)
        }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." {
                names.append(name)
            }
        }
        return names.sorted()
    }
}

/// What a path leads to, links followed.
struct FileIdentity: Hashable {
    enum FileType {
        case file
        case folder
        case other
    }

    let device: UInt64
    let number: UInt64
    let type: FileType
    let permissions: UInt32

    /// - Throws: `FileError`.
    init(_ path: String) throws(FileError) {
        var information = stat()
        guard unsafe stat(path, &information) == 0 else {
            throw FileError(action: "read", path: path, code: errno)
        }
        device = UInt64(information.st_dev)
        number = UInt64(information.st_ino)
        permissions = UInt32(information.st_mode) & 0o777
        switch information.st_mode & S_IFMT {
        case S_IFREG: type = .file
        case S_IFDIR: type = .folder
        default: type = .other
        }
    }
}

// Inside `LocalFile` the names `read` and `write` mean its own methods.
private func openFile(_ path: String, _ flags: Int32, _ mode: mode_t = 0) -> Int32 {
    unsafe open(path, flags, mode)
}

private func readFile(_ file: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    unsafe read(file, buffer, count)
}

private func writeFile(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    unsafe write(file, bytes, count)
}
