// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

extension SSHConnection {
    /// Writes `bytes` to the host: to a temporary beside `remotePath`, fsynced, then renamed.
    ///
    /// The file has `mode` from its first byte.
    package func upload(_ bytes: [UInt8], to remotePath: String, mode: UInt32, deadline: Deadline) async throws {
        throw SSHError.closed(destination.endpoint)
    }

    /// Reads a remote file into memory.
    ///
    /// - Throws: ``SSHError/remoteFile(_:action:path:_:)``; a file longer than `limit` bytes is an error.
    package func read(_ remotePath: String, limit: Int = 16 << 20, deadline: Deadline) async throws -> [UInt8] {
        throw SSHError.closed(destination.endpoint)
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
        throw SSHError.closed(destination.endpoint)
    }

    /// Copies a file, or a folder with everything in it, to the host, as `scp -r` does.
    ///
    /// When `remotePath` is a folder the copy goes into it, under its own name. Symbolic links are
    /// followed; what is neither file nor folder is passed over.
    package func uploadTree(_ localPath: String, to remotePath: String, deadline: Deadline) async throws {
        throw SSHError.closed(destination.endpoint)
    }

    /// Copies a file, or a folder with everything in it, from the host, as `scp -r` does.
    package func downloadTree(_ remotePath: String, to localPath: String, deadline: Deadline) async throws {
        throw SSHError.closed(destination.endpoint)
    }
}
