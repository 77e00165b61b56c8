// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

extension SSHConnection {
    package func upload(_ localPath: String, to remotePath: String, mode: UInt32, deadline: Deadline) async throws {
        let file = try LocalFile(reading: localPath)
        var client = try await SFTPClient(on: loop, deadline: deadline)
        try await client.upload(to: remotePath, mode: mode) { size in try file.read(size) }
    }

    /// Writes `bytes` to the host: to a temporary beside `remotePath`, fsynced, then renamed.
    ///
    /// The file has `mode` from its first byte.
    package func upload(_ bytes: [UInt8], to remotePath: String, mode: UInt32, deadline: Deadline) async throws {
        var client = try await SFTPClient(on: loop, deadline: deadline)
        var rest = bytes[...]
        try await client.upload(to: remotePath, mode: mode) { size in
            defer { rest = rest.dropFirst(size) }
            return Array(rest.prefix(size))
        }
    }

    /// Reads a remote file into memory.
    ///
    /// - Throws: ``SSHError/remoteFile(_:action:path:_:)``; a file longer than `limit` bytes is an error.
    package func read(_ remotePath: String, limit: Int = 16 << 20, deadline: Deadline) async throws -> [UInt8] {
        var client = try await SFTPClient(on: loop, deadline: deadline)
        var content: [UInt8] = []
        let endpoint = endpoint
        _ = try await client.download(remotePath) { bytes in
            content += bytes
            guard content.count <= limit else {
                throw SSHError.remoteFile(
                    endpoint,
                    action: "read",
                    path: remotePath,
                    .failed(detail: "it has more than \(ByteCount(Int64(limit)).iec)")
                )
            }
        }
        return content
    }

    /// Copies a remote file to `localPath`: to a temporary beside it, then renamed; never whole in memory.
    ///
    /// - Parameters:
    ///   - remotePath: the file.
    ///   - localPath: the file to replace or make.
    ///   - mode: of the local file; nil keeps the remote one's permission bits.
    ///   - deadline: when the call gives up.
    /// - Throws: ``SSHError/remoteFile(_:action:path:_:)``, `FileError`.
    package func download(
        _ remotePath: String,
        to localPath: String,
        mode: UInt32? = nil,
        deadline: Deadline
    ) async throws {
        var client = try await SFTPClient(on: loop, deadline: deadline)
        try await Self.download(remotePath, to: localPath, mode: mode, with: &client)
    }

    /// Copies a file, or a folder with everything in it, to the host, as `scp -r` does.
    ///
    /// When `remotePath` is a folder the copy goes into it, under its own name. Symbolic links are
    /// followed; what is neither file nor folder is passed over.
    package func uploadTree(_ localPath: String, to remotePath: String, deadline: Deadline) async throws {
        var client = try await SFTPClient(on: loop, deadline: deadline)
        var target = remotePath
        if try await client.attributes(of: remotePath)?.isFolder == true {
            target = Self.join(remotePath, Self.lastName(localPath))
        }
        var folders: Set<FileIdentity> = []
        try await Self.uploadTree(localPath, to: target, with: &client, above: &folders)
    }

    /// Copies a file, or a folder with everything in it, from the host, as `scp -r` does.
    ///
    /// When `localPath` is a folder the copy goes into it. A name that would leave the folder is refused.
    package func downloadTree(_ remotePath: String, to localPath: String, deadline: Deadline) async throws {
        var client = try await SFTPClient(on: loop, deadline: deadline)
        guard let attributes = try await client.attributes(of: remotePath) else {
            throw SSHError.remoteFile(endpoint, action: "read", path: remotePath, .notFound)
        }
        let isInside = AtomicFile.isFolder(localPath)
        let target = isInside ? Self.join(localPath, Self.lastName(remotePath)) : localPath
        try await Self.downloadTree(remotePath, attributes, to: target, with: &client, depth: 0)
    }

    private static let depthLimit = 64

    private static func download(
        _ remotePath: String,
        to localPath: String,
        mode: UInt32?,
        with client: inout SFTPClient
    ) async throws {
        let file = try LocalFile(replacing: localPath)
        let attributes = try await client.download(remotePath) { try file.write($0) }
        // Set-user-id bits are not taken over.
        try file.commit(mode: mode ?? (attributes.permissions ?? 0o644) & 0o777)
    }

    private static func uploadTree(
        _ localPath: String,
        to remotePath: String,
        with client: inout SFTPClient,
        above: inout Set<FileIdentity>
    ) async throws {
        let identity = try FileIdentity(localPath)
        switch identity.type {
        case .file:
            let file = try LocalFile(reading: localPath)
            try await client.upload(to: remotePath, mode: identity.permissions) { size in try file.read(size) }
        case .folder:
            guard above.insert(identity).inserted else {
                // A link to a folder that it is in.
                return
            }
            try await client.ensureFolder(remotePath, mode: identity.permissions | 0o700)
            for name in try LocalFile.names(in: localPath) {
                try await uploadTree(join(localPath, name), to: join(remotePath, name), with: &client, above: &above)
            }
            above.remove(identity)
        case .other:
            return
        }
    }

    private static func downloadTree(
        _ remotePath: String,
        _ attributes: SFTPAttributes,
        to localPath: String,
        with client: inout SFTPClient,
        depth: Int
    ) async throws {
        guard attributes.isFolder else {
            if attributes.isFile {
                try await download(remotePath, to: localPath, mode: nil, with: &client)
            }
            return
        }
        guard depth < depthLimit else {
            let problem = SSHError.RemoteFileProblem.failed(detail: "more than \(depthLimit) folders inside each other")
            throw SSHError.remoteFile(client.endpoint, action: "read", path: remotePath, problem)
        }
        try AtomicFile.makeFolder(localPath, mode: 0o755)
        for entry in try await client.entries(of: remotePath) {
            // The names are the server's word: one with a slash would write somewhere else.
            guard !entry.name.isEmpty, !entry.name.contains("/"), !entry.name.utf8.contains(0) else {
                let problem = SSHError.RemoteFileProblem.failed(
                    detail: "the server gives the bad name \"\(entry.name)\""
                )
                throw SSHError.remoteFile(client.endpoint, action: "read", path: remotePath, problem)
            }
            let path = join(remotePath, entry.name)
            let attributes = entry.attributes.isLink ? try await client.attributes(of: path) : entry.attributes
            if let attributes {
                try await downloadTree(
                    path,
                    attributes,
                    to: join(localPath, entry.name),
                    with: &client,
                    depth: depth + 1
                )
            }
        }
    }

    private static func join(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    private static func lastName(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
