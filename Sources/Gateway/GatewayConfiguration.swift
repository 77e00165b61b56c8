// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI

/// How the manager's API is served; defaults as on the command line.
package struct GatewayConfiguration: Sendable {
    /// How containers are named in lists.
    package enum ContainerNames: String, Sendable, CaseIterable {
        /// `/NODE/NAME`, as classic swarm.
        case node
        /// `/NAME`, as one engine.
        case plain
    }

    /// Where to listen; at least one address.
    package var addresses: [EngineAddress]
    /// For TCP addresses, never for sockets in the file system; `nil` serves without TLS.
    package var tls: TLSContexts?
    package var containerNames = ContainerNames.node
    /// Whether answers allow scripts of any web page (`--api-enable-cors`).
    package var allowsCrossOrigin = false
    /// The manager's own lines in `docker info`, after the strategy: role and primary.
    package var role = "primary"

    package init(addresses: [EngineAddress], tls: TLSContexts? = nil) {
        self.addresses = addresses
        self.tls = tls
    }
}
