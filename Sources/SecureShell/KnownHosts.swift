// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A file of host keys in the format of OpenSSH's `known_hosts`, usually one per cluster.
///
/// Read anew at each use, because other processes append to it.
package struct KnownHosts: Sendable, Hashable {
    /// The file; it may be missing, and is made (0600) with the first key.
    package let path: String

    package init(path: String) {
        self.path = path
    }

    /// A line of the file that names a host.
    package struct Entry: Sendable, Hashable {
        /// From 1.
        package var line: Int
        /// As in `ssh-ed25519`.
        package var type: String
        /// The public key, decoded.
        package var key: [UInt8]
    }

    /// The keys written down for `host` at `port`; hashed names and patterns count too.
    ///
    /// - Throws: ``SSHError/malformedKnownHosts(file:line:reason:)``, `FileError`.
    package func entries(host: String, port: UInt16) throws -> [Entry] {
        []
    }

    /// Writes a host's key down, unless the same one is there; safe between processes.
    ///
    /// - Parameters:
    ///   - publicKey: `TYPE BASE64`, as in a `.pub` file; a comment after it is dropped.
    ///   - host: a name or an address.
    ///   - port: 1 to 65535.
    /// - Throws: ``SSHError/hostKeyChanged(_:)`` when another key of that type is there,
    ///   ``SSHError/malformedKnownHosts(file:line:reason:)``, `FileError`.
    package func pin(_ publicKey: String, host: String, port: UInt16) throws {
    }

    /// Removes every line that names exactly `host` at `port`: for hosts that were removed.
    ///
    /// - Throws: `FileError`.
    package func remove(host: String, port: UInt16) throws {
    }
}
