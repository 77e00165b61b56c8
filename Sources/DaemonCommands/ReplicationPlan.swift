// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Discovery
internal import DockerAPI
internal import Gateway
internal import SwarmCore

/// What `--replication` and its options ask for, checked as classic swarm does.
struct ReplicationPlan: Sendable, Equatable {
    /// `HOST:PORT` that the other managers reach this one at.
    let address: String
    /// How long a leader leads without renewing.
    let ttl: Duration
    /// Where the leader is elected.
    let store: KeyValueURL

    /// Reads the options.
    ///
    /// - Returns: `nil` without `--replication`.
    /// - Throws: ``DaemonError/usage(_:)``, ``DaemonError/cannotElect(discovery:)``.
    init?(_ arguments: ReplicationArguments, discovery: DiscoveryURL) throws(DaemonError) {
        guard arguments.replication else {
            return nil
        }
        guard let text = arguments.advertise ?? Environment.value("SWARM_ADVERTISE"), !text.isEmpty else {
            throw .usage("--advertise address must be provided when using --replication")
        }
        guard let address = try? EngineAddress(parsing: text), case .tcp = address, !text.contains("/") else {
            throw .usage("--advertise should be of the form ip:port or hostname:port, not \"\(text)\"")
        }
        guard arguments.ttl.duration > .zero else {
            throw .usage("--replication-ttl should be a positive number")
        }
        guard arguments.ttl.duration >= .seconds(2) else {
            throw .usage("--replication-ttl should be at least 2s: stores count whole seconds")
        }
        guard case .keyValue(let store) = discovery else {
            throw .cannotElect(discovery: discovery.description)
        }
        self.address = address.description
        ttl = arguments.ttl.duration
        self.store = store
    }

    /// How long a request waits for a leader: the rest of a lease, and the time of an election.
    var patience: Duration { ttl * 2 + .seconds(15) }
}
