// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import HTTPTransfer
internal import SwarmCore

/// Looks from outside whether a port is open.
package enum PortProbe {
    /// How long a host may take to accept.
    private static let patience = Duration.seconds(5)
    private static let client = HTTPClient()

    /// Whether something accepts TCP connections at `host` and `port`.
    ///
    /// - Throws: `CancellationError` only.
    package static func accepts(_ host: String, _ port: UInt16) async throws -> Bool {
        let name = host.contains(":") ? "[\(host)]" : host
        var request = HTTPRequest("GET", "http://\(name):\(port)/", deadline: .after(patience))
        request.usesProxy = false
        request.bodyLimit = 1 << 10
        do {
            _ = try await client.send(request)
            return true
        } catch let error as HTTPError {
            // An SSH server does not answer in HTTP: what counts is that there was a connection.
            return !error.wasNotSent
        }
    }
}
