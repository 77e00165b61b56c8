// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
package import Scheduling

/// A container of the cluster at one instant; never changes.
package final class ContainerState: Sendable {
    /// Its element of `/containers/json?all=1`, as the engine wrote it at the last change.
    package let summary: ContainerSummary
    /// What it holds of its node, also while it is stopped.
    package let claim: Resources
    package let ports: [HostPort]
    /// Its run state when it was last inspected; `nil` when that failed.
    package let run: RunState?
    /// When it is placed again without being asked for.
    package let policy: ReschedulePolicy
    /// Its description when it was last inspected; only of one that has a policy, else `nil`.
    package let detail: ContainerDetail?
    /// The ids of the containers whose place it took, oldest first.
    let lineage: [String]

    package init(
        summary: ContainerSummary,
        claim: Resources,
        ports: [HostPort],
        run: RunState?,
        detail: ContainerDetail? = nil
    ) {
        self.summary = summary
        self.claim = claim
        self.ports = ports
        self.run = run
        policy = ReschedulePolicy(labels: summary.labels)
        self.detail = policy.isEmpty ? nil : detail
        lineage = Self.lineage(summary.labels)
    }

    private static func lineage(_ labels: [String: String]) -> [String] {
        guard let from = labels[MoveLabel.from], !from.isEmpty else {
            return []
        }
        let all = labels[MoveLabel.lineage].flatMap { try? JSON(parsing: $0) }?.strings ?? []
        return all.last == from ? all : [from]
    }

    /// When it was decided that it takes another one's place, in nanoseconds since 1970; 0 for others.
    var movedAt: Int64 { summary.labels[MoveLabel.at].flatMap { Int64($0) } ?? 0 }
    /// Whether it was renamed because another one took its place.
    var isRetired: Bool { name.hasSuffix(Move.retiredName("", id: id)) }
    /// Whether it has processes.
    var isActive: Bool { ["running", "restarting", "paused"].contains(summary.state) }
    /// Whether rescheduling has to look at it.
    var isWatched: Bool { !policy.isEmpty || !lineage.isEmpty }

    package var id: String { summary.id }
    /// Whether it is an agent or a manager of a cluster: by its image, as classic swarm tells them.
    package var isOverhead: Bool {
        let name = summary.image.prefix { $0 != ":" && $0 != "@" }.split(separator: "/").last ?? ""
        return name == "swarm" || name == "swarmd"
    }
    /// Without the leading slash; the short id when the engine gave none.
    package var name: String { summary.names.first ?? String(summary.id.prefix(12)) }
}

/// The parts of a container's `State` that a status line is made of.
package struct RunState: Sendable, Hashable {
    /// As the engine writes them, RFC 3339.
    package let startedAt: String
    package let finishedAt: String
    package let exitCode: Int
    /// When the container was made, RFC 3339 with nanoseconds; the list has only seconds.
    package let createdAt: String
    /// `starting`, `healthy`, `unhealthy`; empty without a health check.
    package let health: String

    init(_ inspection: JSON) {
        let state = inspection["State"]
        createdAt = inspection["Created"]?.string ?? ""
        startedAt = state?["StartedAt"]?.string ?? ""
        finishedAt = state?["FinishedAt"]?.string ?? ""
        exitCode = state?["ExitCode"]?.int ?? 0
        health = state?["Health"]?["Status"]?.string ?? ""
    }
}
