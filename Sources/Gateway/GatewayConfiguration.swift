// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI

/// One of several managers of a cluster.
package struct Replication: Sendable {
    /// `HOST:PORT` that the other managers reach this one at.
    package let address: String
    /// How long a request waits for a leader before it fails.
    package let patience: Duration
    /// How long a leader that was replaced may take to answer what it had begun.
    package let grace: Duration

    package init(address: String, patience: Duration, grace: Duration = .seconds(5)) {
        self.address = address
        self.patience = patience
        self.grace = grace
    }
}

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
    /// Set when there are other managers, to which requests go on while one of them leads.
    package var replication: Replication?

    /// Roles that may have what gives power over a host, besides `admin`.
    package var privilegedRoles: Set<Role> = []

    /// Where requests are noted; `nil` for nowhere.
    package var audit: AuditLog?

    /// The most connections of clients at the same time; one more is answered with 503 and closed.
    package var connectionLimit = 8192

    package init(addresses: [EngineAddress], tls: TLSContexts? = nil) {
        self.addresses = addresses
        self.tls = tls
    }
}
