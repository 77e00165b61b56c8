// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A private key file named by the user.
enum KeyFile {
    /// Checks that the file can be read and is a private key's.
    ///
    /// - Parameters:
    ///   - path: as typed; `~/` is the home folder.
    ///   - flag: for messages.
    ///   - home: the home folder.
    /// - Throws: `FileError`, or ``OperatorError/badFlag(flag:problem:hint:)`` for a file of another kind.
    static func check(_ path: String, flag: String, home: String) throws {
        let file = path.hasPrefix("~/") ? home + path.dropFirst() : path
        guard !AtomicFile.isFolder(file) else {
            throw FileError(action: "read", path: file, code: EISDIR)
        }
        let text = try AtomicFile.readText(file, limit: 1 << 20)
        guard text.contains("PRIVATE KEY-----") else {
            let isPublic = text.hasPrefix("ssh-") || text.hasPrefix("ecdsa-")
            throw OperatorError.badFlag(
                flag: flag,
                problem: "\"\(path)\" is no private key" + (isPublic ? ", but a public one" : ""),
                hint: isPublic ? "give the file without .pub" : "make one with `ssh-keygen -t ed25519`"
            )
        }
    }
}
