// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import Discovery
internal import DockerAPI
internal import Gateway
internal import Logging
internal import SwarmCore

/// The manager: discovery, the cluster and the Docker API, put together.
final class Manager: Sendable {
    private let configuration: ManagerConfiguration
    private let logger: Logger
    private let cluster: Cluster
    private let store: any DiscoveryStore
    private let members: EmbeddedMembers?
    private let election: ElectionTask?
    private let gateway: Gateway
    private let audit: AuditLog?

    /// Makes a manager; nothing listens and nothing is connected before ``run()``.
    ///
    /// - Throws: when files for TLS or the kept members cannot be used.
    init(_ configuration: ManagerConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        let tls = try configuration.tls.map { try TLSContexts(files: $0) }
        var clusterConfiguration = configuration.cluster
        clusterConfiguration.state = Self.stateFolder(configuration.stateFolder, logger: logger)
        clusterConfiguration.sharedAvailability = try configuration.replication.map {
            ClusterDocuments(store: try $0.store.store(options: configuration.discoveryOptions))
        }
        let leadership: Leadership = configuration.replication == nil ? .alone() : .elected()
        let cluster = Cluster(configuration: clusterConfiguration, leadership: leadership, logger: logger) { address in
            HTTPClient(address: try EngineAddress(parsing: address), tls: tls, expecting: .addressOrNode)
        }
        self.cluster = cluster
        if let name = configuration.discovery.embeddedCluster {
            let members = try EmbeddedMembers(folder: configuration.stateFolder, ownCluster: name)
            self.members = members
            store = LocalEmbeddedStore(members: members, cluster: name, url: configuration.discovery.description)
        } else {
            members = nil
            store = try configuration.discovery.store(options: configuration.discoveryOptions)
        }
        audit = try configuration.auditPath.map { try AuditLog(path: $0, logger: logger) }
        var gatewayConfiguration = Self.gatewayConfiguration(configuration, tls: tls)
        gatewayConfiguration.audit = audit
        election = try Self.election(configuration, cluster: cluster, logger: logger)
        gateway = Gateway(
            cluster: cluster,
            configuration: gatewayConfiguration,
            extensions: members.map { [Self.memberAPI($0, cluster: cluster, logger: logger)] } ?? [],
            logger: logger
        )
    }

    /// A manager works without a folder, but forgets what it decided when it ends.
    private static func stateFolder(_ path: String, logger: Logger) -> StateFolder? {
        do {
            return try StateFolder(path)
        } catch {
            logger.warning(
                "decisions are not kept over a restart",
                metadata: ["folder": "\(path)", "reason": "\(ErrorReport(error).message)"]
            )
            return nil
        }
    }

    private static func election(
        _ configuration: ManagerConfiguration,
        cluster: Cluster,
        logger: Logger
    ) throws -> ElectionTask? {
        guard let plan = configuration.replication else {
            return nil
        }
        let candidate = LeaderCandidate(
            election: try plan.store.store(options: configuration.discoveryOptions),
            address: plan.address,
            ttl: plan.ttl,
            logger: logger
        )
        return ElectionTask(candidate: candidate, cluster: cluster, logger: logger)
    }

    private static func gatewayConfiguration(
        _ configuration: ManagerConfiguration,
        tls: TLSContexts?
    ) -> GatewayConfiguration {
        var gateway = GatewayConfiguration(addresses: configuration.listeners, tls: tls)
        gateway.containerNames = configuration.showsPlainNames ? .plain : .node
        gateway.replication = configuration.replication.map {
            Replication(address: $0.address, patience: $0.patience)
        }
        gateway.allowsCrossOrigin = configuration.enablesCORS
        gateway.privilegedRoles = configuration.privilegedRoles
        return gateway
    }

    /// The members' side of `swarm://` and `token://`, on the same port as Docker's API.
    private static func memberAPI(
        _ members: EmbeddedMembers,
        cluster: Cluster,
        logger: Logger
    ) -> GatewayExtension {
        let embedded = EmbeddedAPI(members: members, logger: logger) { cluster.nudge($0) }
        let token = TokenAPI(members: members, logger: logger) { cluster.nudge($0) }
        return GatewayExtension(prefixes: [EmbeddedAPI.prefix, TokenAPI.prefix]) { request in
            let call = MemberCall(
                method: "\(request.method)",
                target: request.target,
                peer: await request.peer()
            ) { limit in
                try await request.bytes(limit: limit)
            }
            if let reply = await embedded.reply(to: call) {
                return reply
            }
            return await token.reply(to: call)
        }
    }

    /// Writes what follows to files of the same names: the old ones may have been renamed.
    func reopenLogs() {
        audit?.reopen()
    }

    /// Runs until the task is cancelled.
    func run() async throws {
        logger.info("manager starts", metadata: ["version": "\(swarmVersion)", "discovery": "\(store.url)"])
        defer { logger.info("manager stopped") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.cluster.run() }
            group.addTask { await self.followMembers() }
            group.addTask { try await self.serve() }
            if let election {
                group.addTask { await election.run() }
            }
            if let members {
                group.addTask { await members.expireForever(logger: self.logger) }
            }
            defer { group.cancelAll() }
            do {
                try await group.next()
            } catch is CancellationError {
                return
            }
        }
    }

    private func serve() async throws {
        do {
            try await gateway.run()
        } catch DockerAPIError.cannotConnect(let address, let reason) {
            throw DaemonError.cannotListen(address: address, reason: reason)
        }
    }

    private func followMembers() async {
        await MemberFeed(store: store, logger: logger).run { update in
            switch update {
            case .members(let addresses): self.cluster.setMembers(addresses)
            case .failed(let reason): self.cluster.discoveryFailed(reason)
            }
        }
    }
}
