// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI

/// Decides which containers are to be placed again, from what is seen of the cluster time after time.
///
/// A value without I/O: times are given, and what was decided before is asked for.
struct RescheduleWatch: Sendable {
    /// What is done about a container.
    enum Decision: Sendable {
        case move(Move)
        /// It was replaced, and its node is back: it is to be stopped and renamed.
        case retire(ContainerState, on: NodeState)
    }

    let grace: Duration
    /// Since when nodes that were seen do not answer.
    private var failing: [String: ContinuousClock.Instant] = [:]
    /// Since when containers are unhealthy, by address and id.
    private var unhealthy: [String: ContinuousClock.Instant] = [:]

    init(grace: Duration) {
        self.grace = grace
    }

    /// Looks at the cluster.
    ///
    /// - Parameters:
    ///   - core: the state now.
    ///   - book: what was decided before.
    ///   - now: on a clock that only goes forward.
    ///   - time: of day, in nanoseconds since 1970, for the labels of new containers.
    /// - Returns: what is new, in the order of nodes and names.
    mutating func look(
        at core: ClusterCore,
        book: MoveBook,
        now: ContinuousClock.Instant,
        time: Int64
    ) -> [Decision] {
        let nodes = core.snapshot.nodes
        let known = Set(nodes.map(\.address))
        failing = failing.filter { known.contains($0.key) }
        var seen: Set<String> = []
        var decisions: [Decision] = []
        for node in nodes {
            let isGone = noteHealth(of: node, now: now)
            for container in node.watchedContainers {
                let key = "\(node.address) \(container.id)"
                seen.insert(key)
                noteHealth(of: container, on: node, key: key, now: now)
                if let decision = decide(container, on: node, isGone: isGone, key: key, core, book, now, time) {
                    decisions.append(decision)
                }
            }
        }
        unhealthy = unhealthy.filter { seen.contains($0.key) }
        return decisions
    }

    /// Returns whether the node has been disconnected for the whole grace.
    private mutating func noteHealth(of node: NodeState, now: ContinuousClock.Instant) -> Bool {
        guard node.status != .healthy else {
            failing[node.address] = nil
            return false
        }
        let since = failing[node.address] ?? now
        failing[node.address] = since
        // One that answers, though wrongly, may well run its containers.
        return node.status == .disconnected && now - since >= grace
    }

    private mutating func noteHealth(
        of container: ContainerState,
        on node: NodeState,
        key: String,
        now: ContinuousClock.Instant
    ) {
        guard container.policy.contains(.onUnhealthy), node.status == .healthy, container.run?.health == "unhealthy",
            container.summary.state == "running"
        else {
            unhealthy[key] = nil
            return
        }
        unhealthy[key] = unhealthy[key] ?? now
    }

    private func decide(
        _ container: ContainerState,
        on node: NodeState,
        isGone: Bool,
        key: String,
        _ core: ClusterCore,
        _ book: MoveBook,
        _ now: ContinuousClock.Instant,
        _ time: Int64
    ) -> Decision? {
        let before = book[container.id]
        guard before?.phase != .open, before?.phase != .retired, !container.isRetired else {
            return nil
        }
        if before == nil, let copy = core.copies(of: container.id).first?.container,
            copy.summary.state == "created", container.isActive
        {
            // Another manager was killed, or lost the lead, before it could start the new one.
            return Move(container, on: node, reason: .nodeFailure, time: time).map { .move($0) }
        }
        guard before == nil, !core.isReplaced(container) else {
            return node.status == .healthy && !book.isWaiting(container.id) ? .retire(container, on: node) : nil
        }
        guard let reason = reason(container, on: node, isGone: isGone, key: key, now: now),
            !book.isWaiting(container.id)
        else {
            return nil
        }
        let wasRunning = book[container.lineage.last ?? ""]?.wasRunning ?? false
        return Move(container, on: node, reason: reason, time: time, wasRunning: wasRunning).map { .move($0) }
    }

    private func reason(
        _ container: ContainerState,
        on node: NodeState,
        isGone: Bool,
        key: String,
        now: ContinuousClock.Instant
    ) -> Move.Reason? {
        if isGone {
            return container.policy.contains(.onNodeFailure) ? .nodeFailure : nil
        }
        guard node.status == .healthy, !container.policy.isEmpty else {
            return nil
        }
        if node.availability == .draining {
            return .drain
        }
        return unhealthy[key].map { now - $0 >= grace } == true ? .unhealthy : nil
    }
}

extension Move {
    /// A move of a container as it is known; `nil` when it cannot be moved (see ``obstacle(_:)``).
    ///
    /// - Parameters:
    ///   - container: the old one.
    ///   - node: where it is.
    ///   - reason: why it is moved.
    ///   - time: nanoseconds since 1970.
    ///   - wasRunning: whether it is a copy that was to be started, and may not have been.
    init?(
        _ container: ContainerState,
        on node: NodeState,
        reason: Reason,
        time: Int64,
        wasRunning: Bool = false
    ) {
        guard Self.obstacle(container) == nil, let detail = container.detail else {
            return nil
        }
        id = container.id
        name = container.name
        address = node.address
        nodeName = node.name
        self.reason = reason
        self.time = time
        self.wasRunning = container.isActive || (container.summary.state == "created" && wasRunning)
        lineage = container.lineage
        inspection = detail.raw
        nodeCPUs = node.info?.cpus ?? 0
        let used = Set(JSONObject(detail.raw["NetworkSettings"]?["Networks"] ?? .emptyObject).members.map(\.key))
        networks = [:]
        for network in node.networks where used.contains(network.name) {
            networks[network.name] = network.raw
        }
    }

    /// Why a container cannot be moved, in words; `nil` when it can.
    static func obstacle(_ container: ContainerState) -> String? {
        guard let detail = container.detail, isUsable(id: container.id) else {
            return "its configuration could not be read"
        }
        if detail.hostConfig["AutoRemove"]?.bool == true {
            return "it is to be removed with its volumes when it stops (--rm)"
        }
        return ["removing", "dead"].contains(container.summary.state) ? "it is being removed" : nil
    }
}
