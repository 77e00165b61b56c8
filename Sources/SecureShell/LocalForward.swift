// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A host and a port as the remote side dials them.
package struct ForwardTarget: Sendable, Hashable {
    package var host: String
    /// 1 to 65535.
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }
}

/// A port of 127.0.0.1 whose connections go through an SSH connection to a target.
///
/// Open until ``close()``, or until the connection ends. Several forwards may use one connection.
package final class LocalForward: Sendable {
    /// The local port.
    package let port: UInt16
    package let target: ForwardTarget

    init(port: UInt16, target: ForwardTarget) {
        self.port = port
        self.target = target
    }

    /// Stops listening and closes the connections that go through it.
    package func close() {
    }
}

extension SSHConnection {
    /// Listens on 127.0.0.1 and forwards each connection to `target`, seen from the host.
    ///
    /// - Parameters:
    ///   - target: dialled by the host for each connection; one it cannot reach closes the connection.
    ///   - port: the local port; 0 for any free one.
    /// - Returns: the forward, listening.
    /// - Throws: ``SSHError/cannotListen(port:detail:)``, ``SSHError/closed(_:)``.
    package func forward(to target: ForwardTarget, listeningOn port: UInt16 = 0) async throws -> LocalForward {
        throw SSHError.closed(destination.endpoint)
    }

    /// Waits until the connection ends, then throws why; for a tunnel that lasts until it is cancelled.
    ///
    /// - Throws: ``SSHError/connectionLost(_:detail:)``, ``SSHError/closed(_:)``, `CancellationError`.
    package func waitUntilLost() async throws {
        throw SSHError.closed(destination.endpoint)
    }
}
