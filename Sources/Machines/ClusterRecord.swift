// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SecureShell

/// What is asked of the engines of a cluster.
package struct EngineSettings: Codable, Sendable, Equatable {
    /// `package`, `none` or `script=URL,sha256=HEX`.
    package var install = "package"
    /// `KEY=VALUE`.
    package var labels: [String] = []
    package var registryMirrors: [String] = []
    package var insecureRegistries: [String] = []
    /// `nil` leaves the engine's own choice, also an existing setting.
    package var storageDriver: String?
    /// `KEY=VALUE` for dockerd's environment.
    package var environment: [String] = []
    /// `KEY=VALUE` for daemon.json.
    package var options: [String] = []

    package init() {}
}

/// What a cluster shall be; from the command line or a file.
package struct ClusterSpec: Codable, Sendable, Equatable {
    package static let managerPort = 3376

    package var name: String
    package var driver: String
    /// Driver options by name; see ``MachineRecord/options``.
    package var driverOptions: [String: String] = [:]
    /// How many machines, for drivers that make them; ignored when ``hosts`` is not empty.
    package var nodes = 3
    /// Hosts to adopt, in the order given.
    package var hosts: [SSHAddress] = []
    /// A private key file for adopted hosts, as the user wrote it; `nil`: agent and default keys.
    package var sshKey: String?
    package var managers = 1
    package var strategy = "spread"
    /// `nil` is embedded discovery on the managers.
    package var discovery: String?
    /// `KEY=VALUE`, as `--discovery-opt`.
    package var discoveryOptions: [String] = []
    package var engine = EngineSettings()
    /// Networks that may reach the opened ports; empty: the cluster's own addresses and ours.
    package var allowFrom: [String] = []
    package var tlsNames: [String] = []
    /// `p256`, `p384`, `rsa2048` or `rsa4096`.
    package var keyType = "p256"
    /// Life of node and operator certificates, in days.
    package var certificateDays = 90
    /// How long a leader of several managers leads without renewing, as in `20s`; `nil` for the manager's own default.
    package var replicationTTL: String?
    package var managerPort = ClusterSpec.managerPort
    /// Where the passphrase of the authority's key comes from, as `cmd:COMMAND`; `nil` for a key that is not encrypted.
    package var authorityPassphrase: String?
    /// Whether a program of ours takes TLS off the engines' connections, so that certificates change without a restart.
    package var hasEngineFront: Bool?

    package init(name: String, driver: String) {
        self.name = name
        self.driver = driver
    }
}

/// What the store knows of one cluster; the file `clusters/NAME/cluster.json`.
package struct ClusterRecord: Codable, Sendable, Equatable {
    /// The format of this file.
    package static let currentVersion = 1

    package var version = ClusterRecord.currentVersion
    /// Unique among all clusters ever made.
    package var id: String
    package var spec: ClusterSpec
    /// Whether every step of the last create was done.
    package var isComplete = false
    /// Whether the store that the managers run has answered; from then on it is joined, never begun again.
    package var hasStore: Bool?
    /// Seconds since 1970, UTC.
    package var createdAt: Int

    package init(id: String, spec: ClusterSpec, createdAt: Int) {
        self.id = id
        self.spec = spec
        self.createdAt = createdAt
    }

    package var name: String { spec.name }
}
