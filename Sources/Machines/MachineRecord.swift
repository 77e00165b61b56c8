// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SecureShell

/// How far the making of a machine has come; each phase is on disk before the next begins.
package enum MachinePhase: String, Codable, Sendable, CaseIterable, Comparable {
    /// Wanted; nothing may have been made yet, or the provider's id is in ``MachineRecord/state``.
    case requested
    /// The host exists and its address is known.
    case created
    /// Docker and the certificates are in place, and the engine answers over TLS.
    case provisioned
    /// Agent (and manager) run, and the cluster sees the node.
    case registered

    package static func < (left: MachinePhase, right: MachinePhase) -> Bool {
        left.order < right.order
    }

    private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// What a machine does in its cluster.
package enum MachineRole: String, Codable, Sendable {
    case manager
    case worker
}

/// What the store knows of one machine; the file `machines/NAME/machine.json`.
///
/// Holds no secret and no absolute path, so that the store can be copied to another laptop.
package struct MachineRecord: Codable, Sendable, Equatable {
    /// The format of this file.
    package static let currentVersion = 1

    package var version = MachineRecord.currentVersion
    package var name: String
    /// Unique among all machines ever made.
    package var id: String
    package var cluster: String
    package var driver: String
    /// The driver's options as asked for; a secret only as `env:NAME`, `file:PATH` or `cmd:COMMAND`.
    package var options: [String: String]
    /// What the driver keeps; see ``DriverState``.
    package var state: [String: String] = [:]
    package var role: MachineRole
    package var phase: MachinePhase = .requested
    /// The address registered with discovery, without the port.
    package var address: String?
    package var ssh: SSHAddress?
    /// The port at which the engine listens for TLS.
    package var enginePort = 2376
    /// Names and addresses of the certificate beyond those that are always in it.
    package var tlsNames: [String] = []
    /// Seconds since 1970, UTC.
    package var createdAt: Int
    /// Why the last attempt ended, while ``phase`` is not ``MachinePhase/registered``.
    package var lastError: String?

    package init(
        name: String,
        id: String,
        cluster: String,
        driver: String,
        options: [String: String],
        role: MachineRole,
        createdAt: Int
    ) {
        self.name = name
        self.id = id
        self.cluster = cluster
        self.driver = driver
        self.options = options
        self.role = role
        self.createdAt = createdAt
    }

    /// The private key for a host that takes neither the cluster's key nor the user's.
    ///
    /// A path below the store's folder, or an absolute one. Such a host has a host key of its own.
    package var ownKey: String? { state["ssh-key"].flatMap { $0.isEmpty ? nil : $0 } }

    /// The engine's endpoint, as in `DOCKER_HOST`; `nil` while the address is not known.
    package var engineURL: String? {
        if driver == "none" {
            return options["url"]
        }
        return address.map { "tcp://\($0.contains(":") ? "[\($0)]" : $0):\(enginePort)" }
    }
}
