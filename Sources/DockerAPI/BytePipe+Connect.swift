// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOPosix
package import SwarmCore

extension BytePipe {
    /// Connects to a server that speaks another protocol than HTTP.
    ///
    /// - Parameters:
    ///   - address: the server.
    ///   - tls: `nil` connects without TLS.
    ///   - deadline: for the connection and the TLS handshake.
    /// - Returns: a pipe that the caller must close.
    /// - Throws: ``DockerAPIError``, or `DeadlineExceeded`.
    package static func connect(
        to address: EngineAddress,
        tls: TLSContexts?,
        deadline: Deadline
    ) async throws -> BytePipe {
        try await Dialer(address: address, tls: tls, group: MultiThreadedEventLoopGroup.singleton).dial(until: deadline)
    }
}
