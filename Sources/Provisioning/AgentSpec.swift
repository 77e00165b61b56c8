// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// What the container `swarm-agent` runs: `swarmd join`.
package struct AgentSpec: Sendable, Equatable {
    /// Where the node registers: `swarm://ADDRESS:3376/CLUSTER`, `etcd://…`.
    package var discovery: String
    /// The address announced, `IP:PORT`.
    package var advertise: String
    /// More words for `join`, before the discovery URL.
    package var arguments: [String]

    package init(discovery: String, advertise: String, arguments: [String] = []) {
        self.discovery = discovery
        self.advertise = advertise
        self.arguments = arguments
    }
}

/// What the container `swarm-agent-master` runs: `swarmd manage`.
package struct ManagerSpec: Sendable, Equatable {
    package var discovery: String
    package var strategy: String
    /// The port the manager listens on, on all addresses.
    package var port: UInt16
    /// More words for `manage`, before the discovery URL.
    package var arguments: [String]

    package init(discovery: String, strategy: String = "spread", port: UInt16 = 3376, arguments: [String] = []) {
        self.discovery = discovery
        self.strategy = strategy
        self.port = port
        self.arguments = arguments
    }
}

/// The manager that must come to see the node as Healthy, and how long that may take.
package struct RegistrationCheck: Sendable, Equatable {
    package var manager: EngineEndpoint
    /// From the end of the step before; cut by the request's deadline.
    package var timeout: Duration

    package init(manager: EngineEndpoint, timeout: Duration = .seconds(60)) {
        self.manager = manager
        self.timeout = timeout
    }
}
