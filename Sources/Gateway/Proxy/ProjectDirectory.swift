// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import SwarmCore
internal import Synchronization

/// Keeps the local networks and volumes of one project together, on one node.
///
/// A container can only run where all its local networks and volumes are. Clients make those of a
/// project one by one, and mark each with a label: the first is placed freely, the others go to it.
final class ProjectDirectory: Sendable {
    /// Labels whose value names a project: those of Compose and of Testcontainers.
    static let labels = ["com.docker.compose.project", "org.testcontainers.session-id", "org.testcontainers.sessionId"]
    /// How long a choice counts that does not show in the cluster's state yet.
    private static let memory = Duration.seconds(30)
    /// How many such choices are remembered.
    private static let limit = 1024

    private struct Choice {
        let address: String
        let time: ContinuousClock.Instant
    }

    private let recent = Mutex<[String: Choice]>([:])

    /// The address of the node for a new network or volume.
    ///
    /// - Parameters:
    ///   - labels: of the network or volume.
    ///   - snapshot: where other objects of the project are looked for.
    ///   - choose: picks a node, preferably the one that it is given; called under a lock, so that two
    ///     requests at once do not take a project to two nodes.
    /// - Returns: what `choose` returned.
    /// - Throws: what `choose` throws.
    func place(
        labels: [String: String],
        in snapshot: ClusterSnapshot,
        choose: (NodeState?) throws -> String
    ) throws -> String {
        guard let project = Self.project(labels) else {
            return try choose(nil)
        }
        return try recent.withLock { recent in
            let now = ContinuousClock.now
            if recent.count >= Self.limit {
                recent = recent.filter { now - $0.value.time < Self.memory }
            }
            let home = Self.home(of: project, in: snapshot)
            let last = recent[project.value].flatMap { now - $0.time < Self.memory ? $0.address : nil }
            let address = try choose(home ?? last.flatMap { snapshot.node($0) })
            recent[project.value] = Choice(address: address, time: now)
            return address
        }
    }

    private static func project(_ labels: [String: String]) -> (label: String, value: String)? {
        for label in Self.labels {
            if let value = labels[label], !value.isEmpty {
                return (label, value)
            }
        }
        return nil
    }

    /// The healthy node with most of the project's networks and volumes.
    private static func home(of project: (label: String, value: String), in snapshot: ClusterSnapshot) -> NodeState? {
        let counts = snapshot.healthyNodes.map { node in
            node.networks.count { $0.scope == "local" && $0.labels[project.label] == project.value }
                + node.volumes.count { $0.scope == "local" && $0.labels[project.label] == project.value }
        }
        guard let most = counts.max(), most > 0 else {
            return nil
        }
        return zip(snapshot.healthyNodes, counts).first { $0.1 == most }?.0
    }
}
