// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Whole files over SFTP, many pieces under way at once.
extension SFTPClient {
    /// How much goes into one packet, in bytes; every server takes that.
    private static let pieceSize = 32 << 10

    /// Writes what `next` gives, until it gives nothing, to a temporary beside `path`, and renames it.
    ///
    /// It is on the disk before it is renamed, if the server can do that.
    mutating func upload(to path: String, mode: UInt32, next: (Int) throws -> [UInt8]) async throws {
        let temporary = "\(path).tmp-\(UInt32.random(in: 0...UInt32.max))"
        // SSH_FXF_WRITE, CREAT and EXCL: never through a link that somebody put there.
        let handle = try await open(.open(path: temporary, flags: 0x2a, mode: mode), "write", path)
        do {
            try await write(handle, path: path, next: next)
            if extensions.contains("fsync@openssh.com") {
                let reply = try await ask(.sync(handle: handle))
                // 8: a file system that cannot.
                guard reply.isSuccess || reply.statusCode == 8 else {
                    throw failure(reply, "write", path)
                }
            }
            try await command(.close(handle: handle), "write", path)
            // The mode of the open request is cut by the server's umask.
            try await command(.setMode(path: temporary, mode), "write", path)
            try await replace(temporary, path)
        } catch let error as SSHError {
            let isFull = error.isUnexplainedFailure ? try await isDiskFull(temporary) : false
            _ = try await ask(.remove(path: temporary))
            throw isFull ? .remoteFile(endpoint, action: "write", path: path, .diskFull) : error
        }
    }

    /// Gives the content of `path` to `take`, piece by piece in order.
    ///
    /// - Returns: the file's attributes.
    mutating func download(_ path: String, take: ([UInt8]) throws -> Void) async throws -> SFTPAttributes {
        guard let attributes = try await attributes(of: path) else {
            throw SSHError.remoteFile(endpoint, action: "read", path: path, .notFound)
        }
        guard !attributes.isFolder else {
            throw SSHError.remoteFile(endpoint, action: "read", path: path, .failed(detail: "it is a folder"))
        }
        let handle = try await open(.open(path: path, flags: 1, mode: 0), "read", path)
        var waiting: [(id: UInt32, offset: UInt64)] = []
        var offset: UInt64 = 0
        // Requests beyond the size that was told are made one at a time, for files that grow.
        while true {
            while waiting.isEmpty || (waiting.count < piecesAhead && offset < attributes.size ?? 0) {
                let request = SFTPRequest.read(handle: handle, offset: offset, count: UInt32(Self.pieceSize))
                waiting.append((try await send(request), offset))
                offset += UInt64(Self.pieceSize)
            }
            let (id, start) = waiting.removeFirst()
            let reply = try await reply(to: id)
            guard case .data(let bytes) = reply else {
                // 1: the end of the file.
                guard reply.statusCode == 1 else {
                    throw failure(reply, "read", path)
                }
                for (id, _) in waiting {
                    _ = try await self.reply(to: id)
                }
                try await command(.close(handle: handle), "read", path)
                return attributes
            }
            try take(bytes)
            if bytes.count < Self.pieceSize {
                // A short piece: what was asked for ahead is in the wrong place.
                for (id, _) in waiting {
                    _ = try await self.reply(to: id)
                }
                waiting = []
                offset = start + UInt64(bytes.count)
            }
        }
    }

    /// The entries of a folder without `.` and `..`, sorted by name.
    mutating func entries(of path: String) async throws -> [SFTPEntry] {
        let handle = try await open(.openFolder(path: path), "list", path)
        var entries: [SFTPEntry] = []
        while case .names(let names) = try await ask(.readFolder(handle: handle)) {
            entries += names
        }
        try await command(.close(handle: handle), "list", path)
        return entries.filter { $0.name != "." && $0.name != ".." }.sorted { $0.name < $1.name }
    }

    /// Makes a folder; one that is there already is fine.
    mutating func ensureFolder(_ path: String, mode: UInt32) async throws {
        let reply = try await ask(.makeFolder(path: path, mode: mode))
        if !reply.isSuccess, try await attributes(of: path)?.isFolder != true {
            throw failure(reply, "make the folder", path)
        }
    }

    private mutating func write(_ handle: [UInt8], path: String, next: (Int) throws -> [UInt8]) async throws {
        var waiting: [UInt32] = []
        var offset: UInt64 = 0
        var failed: SFTPReply?
        while failed == nil {
            let bytes = try next(Self.pieceSize)
            guard !bytes.isEmpty else {
                break
            }
            waiting.append(try await send(.write(handle: handle, offset: offset, bytes: bytes)))
            offset += UInt64(bytes.count)
            if waiting.count >= piecesAhead {
                let reply = try await reply(to: waiting.removeFirst())
                failed = reply.isSuccess ? nil : reply
            }
        }
        for id in waiting {
            let reply = try await reply(to: id)
            failed = failed ?? (reply.isSuccess ? nil : reply)
        }
        if let failed {
            throw failure(failed, "write", path)
        }
    }

    private mutating func replace(_ temporary: String, _ path: String) async throws {
        if extensions.contains("posix-rename@openssh.com") {
            try await command(.replace(from: temporary, to: path), "write", path)
            return
        }
        // Without it the target has to go first: not atomic, but all that such a server offers.
        _ = try await ask(.remove(path: path))
        try await command(.rename(from: temporary, to: path), "write", path)
    }
}

extension SFTPReply {
    var statusCode: UInt32? {
        if case .status(let code, _) = self {
            return code
        }
        return nil
    }
}

extension SSHError {
    fileprivate var isUnexplainedFailure: Bool {
        if case .remoteFile(_, _, _, .failed) = self {
            return true
        }
        return false
    }
}
