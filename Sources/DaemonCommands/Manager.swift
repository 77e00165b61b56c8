// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import Discovery
internal import DockerAPI
internal import Logging
internal import SwarmCore

/// The manager: discovery, the cluster and the Docker API, put together.
final class Manager: Sendable {
    private let configuration: ManagerConfiguration
    private let logger: Logger
    private let cluster: Cluster
    private let store: any DiscoveryStore
    private let members: EmbeddedMembers?

    /// Makes a manager; nothing listens and nothing is connected before ``run()``.
    ///
    /// - Throws: when files for TLS or the kept members cannot be used.
    init(_ configuration: ManagerConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        let tls = try configuration.tls.map { try TLSContexts(files: $0) }
        cluster = Cluster(configuration: configuration.cluster, logger: logger) { address in
            HTTPClient(address: try EngineAddress(parsing: address), tls: tls)
        }
        if case .embedded(_, let name) = configuration.discovery {
            let members = try EmbeddedMembers(folder: configuration.stateFolder)
            self.members = members
            store = LocalEmbeddedStore(members: members, cluster: name, url: configuration.discovery.description)
        } else {
            members = nil
            store = try configuration.discovery.store(options: configuration.discoveryOptions)
        }
    }

    /// Runs until the task is cancelled.
    func run() async throws {
        logger.info("manager starts", metadata: ["version": "\(swarmVersion)", "discovery": "\(store.url)"])
        defer { logger.info("manager stopped") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.cluster.run() }
            group.addTask { await self.followMembers() }
            if let members {
                group.addTask { try await members.expireForever() }
            }
            defer { group.cancelAll() }
            do {
                try await group.next()
            } catch is CancellationError {
                return
            }
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
