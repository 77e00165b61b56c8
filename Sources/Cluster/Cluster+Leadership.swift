// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Logging

extension Cluster {
    /// Publishes a `leader` event: who leads the cluster from now on, by address.
    package func announce(_ leader: Leadership.Leader) {
        let now = WallClock.nanoseconds()
        let attributes: JSON = ["leader": JSON(leader.address), "term": JSON(String(leader.term))]
        let json = JSONObject([
            ("status", "leader"), ("from", "swarm"), ("Type", "swarm"), ("Action", "leader"),
            ("Actor", ["ID": JSON(leader.address), "Attributes": attributes]),
            ("time", JSON(now / 1_000_000_000)), ("timeNano", JSON(now)),
        ])
        // The event happens on a manager, which is shown where others show their node.
        let manager = NodeState(NodeFields(address: leader.address, name: leader.address, since: 0))
        hub.publish(ClusterEvent(event: EngineEvent(json.json), node: manager))
    }

    /// Whether each member has been tried, so that the names and ports that are taken are known as far
    /// as they can be.
    package var isSurveyed: Bool {
        let snapshot = snapshot
        return !snapshot.nodes.isEmpty && snapshot.nodes.allSatisfy { $0.status != .pending || $0.reason != nil }
    }
}
