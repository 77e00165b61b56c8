// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SecureShell

/// Where hosts come from: makes, finds and removes them.
///
/// Each call is about one machine and can be made again after any interruption: a driver looks for
/// what is there (by the id it saved, then by the tags) before it makes anything. Drivers do not
/// retry; ``MachineError/isTransient`` tells the caller what to try again.
package protocol MachineDriver: Sendable {
    /// The word after `--driver`.
    var name: String { get }

    /// One line for `--help`.
    var summary: String { get }

    /// The flags it takes, for parsing and for `--help`.
    var options: [DriverOption] { get }

    /// Whether ``create(_:state:save:)`` makes a host (and ``remove(_:)`` unmakes it), or only adopts one.
    var makesHosts: Bool { get }

    /// Checks, before anything is made, that the request can succeed: credentials, quota, names, sizes.
    func preCreate(_ request: MachineRequest) async throws

    /// Makes the host, or goes on making it, and starts it.
    ///
    /// - Parameters:
    ///   - request: what is wanted.
    ///   - state: what an earlier, interrupted call saved; empty the first time.
    ///   - save: puts the state on disk; called as soon as the provider's id is known, before the next call.
    /// - Returns: the final state, with which all other calls find the machine.
    /// - Throws: ``MachineError/provider(driver:machine:problem:kind:isTransient:)`` and what `save` throws.
    func create(
        _ request: MachineRequest,
        state: DriverState,
        save: @escaping @Sendable (DriverState) throws -> Void
    ) async throws -> DriverState

    /// Removes the host and all that was made for it. Nothing there is no error.
    func remove(_ machine: DriverMachine) async throws

    /// Starts the host; one that runs stays as it is.
    func start(_ machine: DriverMachine) async throws

    /// Shuts the host down in order; one that is stopped stays as it is.
    func stop(_ machine: DriverMachine) async throws

    /// Stops the host at once, as a power cut does.
    func kill(_ machine: DriverMachine) async throws

    /// Stops in order and starts again.
    func restart(_ machine: DriverMachine) async throws

    /// What the host does now; ``MachineState/notFound`` when it is gone.
    func state(of machine: DriverMachine) async throws -> MachineState

    /// The address at which the engine is reached and with which the node registers.
    func address(of machine: DriverMachine) async throws -> String

    /// Where SSH is reached; `nil` for a machine without SSH.
    func sshAddress(of machine: DriverMachine) async throws -> SSHAddress?

    /// Everything at the provider that carries this store's tags, known or not.
    func tagged(options: [String: String]) async throws -> [TaggedResource]
}

/// What a driver keeps about one machine between calls: ids and addresses, never secrets.
///
/// Two keys are for others too: `engine-port`, where the engine listens, and `boot-seconds`, how long SSH may take to
/// answer after a start.
package typealias DriverState = [String: String]

/// A flag of a driver.
package struct DriverOption: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case text, integer, flag
        /// Repeatable; values are joined with `,`.
        case list
    }

    /// Without dashes, as docker-machine spells it: `digitalocean-region`.
    package let name: String
    package let kind: Kind
    /// The environment variable read when the flag is not given.
    package let environment: String?
    /// Used when neither is given; `nil` leaves the option out.
    package let defaultValue: String?
    package let help: String
    /// A credential: never stored; the record keeps `env:NAME`, `file:PATH` or `cmd:COMMAND`.
    package let isSecret: Bool

    package init(
        _ name: String,
        kind: Kind = .text,
        environment: String? = nil,
        defaultValue: String? = nil,
        isSecret: Bool = false,
        help: String
    ) {
        self.name = name
        self.kind = kind
        self.environment = environment
        self.defaultValue = defaultValue
        self.isSecret = isSecret
        self.help = help
    }
}

/// A machine to be made.
package struct MachineRequest: Sendable {
    package var name: String
    /// Unique among all machines ever made; the tag `swarmctl-id`.
    package var id: String
    package var cluster: String
    /// Values of ``MachineDriver/options`` by name, defaults filled in, secrets resolved.
    package var options: [String: String]
    /// The line for `authorized_keys` of the login user; empty in ``MachineDriver/preCreate(_:)``.
    package var authorizedKey: String
    /// The SSH host key the machine shall have, so that the first contact is verified; empty in
    /// ``MachineDriver/preCreate(_:)``.
    package var hostKey: HostKey
    /// TCP ports that must be reachable: SSH, engine, manager.
    package var ports: [Int]
    /// Networks in CIDR form that may reach ``ports``; empty: all.
    package var allowFrom: [String]

    package init(
        name: String,
        id: String,
        cluster: String,
        options: [String: String],
        authorizedKey: String,
        hostKey: HostKey,
        ports: [Int],
        allowFrom: [String] = []
    ) {
        self.name = name
        self.id = id
        self.cluster = cluster
        self.options = options
        self.authorizedKey = authorizedKey
        self.hostKey = hostKey
        self.ports = ports
        self.allowFrom = allowFrom
    }
}

/// An SSH host key made by us.
package struct HostKey: Sendable, CustomStringConvertible {
    /// In OpenSSH's format, PEM-armoured.
    package let privateKey: String
    /// As in `ssh_host_ed25519_key.pub`: `ssh-ed25519 AAAA…`.
    package let publicKey: String

    package init(privateKey: String, publicKey: String) {
        self.privateKey = privateKey
        self.publicKey = publicKey
    }

    /// Shows the public half only.
    package var description: String { "HostKey(\(publicKey))" }
}

/// A machine that was made, as drivers are told of it.
package struct DriverMachine: Sendable {
    package var name: String
    package var id: String
    package var cluster: String
    package var options: [String: String]
    package var state: DriverState

    package init(name: String, id: String, cluster: String, options: [String: String], state: DriverState) {
        self.name = name
        self.id = id
        self.cluster = cluster
        self.options = options
        self.state = state
    }
}

/// What a host does now.
package enum MachineState: String, Codable, Sendable {
    case running = "Running"
    case paused = "Paused"
    case stopped = "Stopped"
    case starting = "Starting"
    case stopping = "Stopping"
    case error = "Error"
    case notFound = "NotFound"
    /// There is a host, but nothing tells its state (an adopted host that does not answer).
    case unknown = "Unknown"
}

/// Something at a provider that carries our tags.
package struct TaggedResource: Codable, Sendable, Equatable {
    /// What it is at the provider: `container`, `volume`, `droplet` and the like.
    package var kind: String
    /// The provider's id.
    package var id: String
    package var machine: String?
    package var cluster: String?
    /// The tag `swarmctl-id`.
    package var machineID: String?

    package init(kind: String, id: String, machine: String?, cluster: String?, machineID: String?) {
        self.kind = kind
        self.id = id
        self.machine = machine
        self.cluster = cluster
        self.machineID = machineID
    }
}
