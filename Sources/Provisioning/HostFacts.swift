// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// What a look at a host found; nothing in it is changed by looking.
package struct HostFacts: Sendable, Equatable {
    package var system: SystemFacts
    package var engine: EngineFacts
    package var files: ConfigurationFiles
    package var certificate: CertificateFacts
    package var network: NetworkFacts
    /// The digest of the program that takes TLS off the engine's connections; `nil` when none runs.
    package var frontDigest: String?
    /// Whether such a program is set up, though it may not run now.
    package var hasFront: Bool

    package init(
        system: SystemFacts,
        engine: EngineFacts,
        files: ConfigurationFiles,
        certificate: CertificateFacts,
        network: NetworkFacts,
        frontDigest: String? = nil,
        hasFront: Bool = false
    ) {
        self.system = system
        self.engine = engine
        self.files = files
        self.certificate = certificate
        self.network = network
        self.frontDigest = frontDigest
        self.hasFront = hasFront
    }
}

/// The operating system, its size, and what the user may do.
package struct SystemFacts: Sendable, Equatable {
    package var release = OSRelease(fields: [:])
    package var family: SystemFamily?
    /// As `uname -m` says: `x86_64`, `aarch64`.
    package var architecture = ""
    package var kernel = ""
    package var hostName = ""
    /// In bytes; 0 when unknown.
    package var memory: Int64 = 0
    package var processors = 0
    package var user = ""
    package var privilege: Privilege = .none
    package var serviceManager: ServiceManager?
    /// Commands found of those that matter: `apt-get`, `openssl`, `ufw`.
    package var commands: Set<String> = []
    /// Free bytes on the file systems that are written to, by path.
    package var freeSpace: [String: Int64] = [:]

    package init() {}

    package enum Privilege: Sendable, Equatable {
        case root, sudo, none
    }

    package enum ServiceManager: String, Sendable, Equatable {
        case systemd, openrc
    }
}

/// The Docker Engine of a host.
package struct EngineFacts: Sendable, Equatable {
    /// The version installed; `nil` without an engine.
    package var installedVersion: EngineVersion?
    /// Whether the daemon answers on its local socket.
    package var isRunning = false
    package var runningContainers = 0
    package var keepsContainersRunning = false
    /// Whether the engine is part of a SwarmKit swarm, which does not go with live-restore.
    package var isInSwarmMode = false
    /// The unit as systemd reads it, with its drop-ins; empty without systemd or without a unit.
    package var unit = ""
    /// Whether `dockerd --validate` is there.
    package var canValidate = false
    /// Whether the engine starts with the host.
    package var isEnabled = false
    /// Whether a restart is still owed to a change made by an earlier run.
    package var restartPending = false
    /// Our containers, by name.
    package var containers: [String: ContainerFacts] = [:]
    /// Whether this tool installed the engine.
    package var isOurs = false
    /// Whether the only engine is a snap, whose files are elsewhere.
    package var isSnap = false

    package init() {}
}

/// One of our containers, as the host's own client sees it.
package struct ContainerFacts: Sendable, Equatable {
    /// The digest of what it was made of.
    package var configuration: String
    package var isRunning: Bool

    package init(configuration: String, isRunning: Bool) {
        self.configuration = configuration
        self.isRunning = isRunning
    }
}

/// The files that provisioning writes, as they are; `nil` for one that is not there.
package struct ConfigurationFiles: Sendable, Equatable {
    package var daemonJSON: String?
    /// daemon.json as it was before this tool first wrote it; `nil` when it was not there.
    package var originalDaemonJSON: String?
    /// The script that opens ports, as an earlier run wrote it.
    package var firewallScript: String?
    /// The record of what this tool changed, a line each.
    package var undo: [String] = []
    /// daemon.json as this tool last left it.
    package var writtenDaemonJSON: String?
    /// Whether this tool wrote daemon.json.
    package var isRecorded = false
    /// The systemd drop-in that this tool wrote.
    package var dropIn: String?

    package init() {}
}

/// The node's certificate on the host.
package struct CertificateFacts: Sendable, Equatable {
    package var authority: String?
    /// The list of revoked certificates.
    package var revocations: String?
    package var certificate: String?
    /// Whether key and certificate belong together, and the key is readable by root only.
    package var keyMatches = false
    /// Whether the certificate was signed by the authority given and lasts 30 more days.
    package var isValid = false
    /// The names asked for that the certificate does not hold.
    package var missingNames: [String] = []

    package init() {}
}

/// Ports and firewall.
package struct NetworkFacts: Sendable, Equatable {
    package var firewall: Firewall = .none
    /// Who listens on the ports that are needed, by port: the command's name.
    package var listeners: [UInt16: String] = [:]
    /// Our address as the host sees it; `nil` when it does not say.
    package var operatorAddress: String?
    /// The host's own address that SSH came to; `nil` when it does not say.
    package var reachedAddress: String?

    package init() {}

    package enum Firewall: String, Sendable, Equatable {
        case ufw, firewalld, nftables, iptables, none
    }
}
