// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import Discovery
internal import DockerAPI
internal import Gateway
internal import Scheduling
internal import SwarmCore

/// The command line of `manage`, checked as classic swarm does.
struct ManagerConfiguration: Sendable {
    let listeners: [EngineAddress]
    let tls: TLSFiles?
    let cluster: ClusterConfiguration
    let discovery: DiscoveryURL
    let discoveryOptions: DiscoveryOptions
    /// `nil` for a manager that is alone.
    let replication: ReplicationPlan?
    let stateFolder: String
    let showsPlainNames: Bool
    let enablesCORS: Bool
    /// Roles that may have power over hosts, besides `admin`.
    let privilegedRoles: Set<Role>
    /// Of the audit log; `nil` without one.
    let auditPath: String?

    init(_ command: ManageCommand) throws {
        tls = try command.tls.files()
        cluster = try Self.cluster(command)
        (discovery, discoveryOptions) = try command.discovery.parsed(for: "manage a cluster")
        replication = try ReplicationPlan(command.replication, discovery: discovery)
        listeners = try Self.listeners(command.host)
        stateFolder = command.stateFolder
        showsPlainNames = command.containerNames == .plain
        enablesCORS = command.enablesCORS
        privilegedRoles = try command.access.privilegedRoles()
        auditPath = command.access.auditLog
    }

    private static func listeners(_ hosts: [String]) throws -> [EngineAddress] {
        var texts = hosts
        if texts.isEmpty {
            let inherited = Environment.value("SWARM_HOST") ?? ""
            texts = inherited.split(separator: ",").map(String.init)
        }
        return try (texts.isEmpty ? ["tcp://127.0.0.1:2375"] : texts).map { text in
            // `:4000` and `tcp://:4000` mean every address, as in Go.
            let bare = text.hasPrefix("tcp://") ? text.dropFirst(6) : text[...]
            return try EngineAddress(parsing: bare.hasPrefix(":") ? "0.0.0.0\(bare)" : text, defaultPort: 2375)
        }
    }

    private static func cluster(_ command: ManageCommand) throws -> ClusterConfiguration {
        let engines = command.engines
        guard engines.refreshLeast.duration > .zero else {
            throw DaemonError.usage("min refresh interval should be a positive number")
        }
        guard engines.refreshMost.duration >= engines.refreshLeast.duration else {
            throw DaemonError.usage("max refresh interval cannot be less than min refresh interval")
        }
        guard engines.failureRetry > 0 else {
            throw DaemonError.usage("invalid failure retry count")
        }
        guard engines.heartbeat.duration >= .seconds(1) else {
            throw DaemonError.usage("--heartbeat should be at least one second")
        }
        guard command.placement.clusterDriver == "swarm" else {
            throw DaemonError.usage("unsupported cluster driver \"\(command.placement.clusterDriver)\"; only swarm is")
        }
        let options = try ClusterOptions(command.placement.clusterOptions)
        let scheduler = try Scheduler(
            strategy: command.placement.strategy,
            filters: command.placement.filters,
            overcommit: options.overcommit
        )
        var configuration = ClusterConfiguration(scheduler: scheduler)
        configuration.refreshInterval = engines.refreshLeast.duration...engines.refreshMost.duration
        configuration.failureRetry = engines.failureRetry
        configuration.rescheduleGrace = options.rescheduleGrace
        return configuration
    }

}
