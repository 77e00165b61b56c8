// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Everything that decides how a host is reached: the endpoint, the keys and the hosts on the way.
package struct SSHDestination: Hashable, Sendable {
    package var endpoint: SSHEndpoint
    /// Private key files, tried in this order before anything else; each must be readable.
    package var identityFiles: [String]
    /// Whether only ``identityFiles`` are offered: neither other keys of the agent nor the default files.
    package var identitiesOnly: Bool
    /// The hosts on the way, the first one dialled directly.
    package var jumps: [SSHDestination]

    package init(
        endpoint: SSHEndpoint,
        identityFiles: [String] = [],
        identitiesOnly: Bool = false,
        jumps: [SSHDestination] = []
    ) {
        self.endpoint = endpoint
        self.identityFiles = identityFiles
        self.identitiesOnly = identitiesOnly
        self.jumps = jumps
    }
}

/// How connections are made, the same for all hosts of a cluster.
package struct SSHOptions: Sendable {
    /// The keys of hosts that are trusted.
    package var knownHosts: KnownHosts
    /// What happens at a host whose key is not in ``knownHosts``.
    package var newHostKeys: NewHostKeys
    /// The socket of the agent, `SSH_AUTH_SOCK` unless told; nil for none.
    package var agentSocket: String?
    /// Key files tried last, those of ``SSHEnvironment`` unless told; missing ones are skipped.
    package var defaultIdentityFiles: [String]
    /// How often a quiet connection is checked; it is lost after three checks without an answer.
    package var keepaliveInterval: Duration

    /// What happens at a host whose key is not known.
    package enum NewHostKeys: Sendable {
        /// Its key is written down, and must stay the same from then on.
        case pin
        /// It is refused: for hosts whose key we put there ourselves.
        case refuse
    }

    package init(
        knownHosts: KnownHosts,
        newHostKeys: NewHostKeys = .pin,
        agentSocket: String? = SSHEnvironment.agentSocket,
        defaultIdentityFiles: [String] = SSHEnvironment.defaultIdentityFiles,
        keepaliveInterval: Duration = .seconds(15)
    ) {
        self.knownHosts = knownHosts
        self.newHostKeys = newHostKeys
        self.agentSocket = agentSocket
        self.defaultIdentityFiles = defaultIdentityFiles
        self.keepaliveInterval = keepaliveInterval
    }
}
