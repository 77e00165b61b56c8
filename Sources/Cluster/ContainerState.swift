// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
package import Scheduling

/// A container of the cluster at one instant; never changes.
package final class ContainerState: Sendable {
    /// Its element of `/containers/json?all=1`, as the engine wrote it at the last change; `raw` is ``listing``'s.
    package let summary: ContainerSummary
    package let places: ContainerListing.Places?
    /// What it holds of its node, also while it is stopped.
    package let claim: Resources
    package let ports: [HostPort]
    /// Its run state when it was last inspected; `nil` when that failed.
    package let run: RunState?
    /// When it is placed again without being asked for.
    package let policy: ReschedulePolicy
    let labelBits: LabelBits
    /// Its description when it was last inspected; only of one that has a policy, else `nil`.
    package var detail: ContainerDetail? { detailBox?.detail }
    private let detailBox: DetailBox?
    /// The ids of the containers whose place it took, oldest first.
    let lineage: [String]

    /// Whether it is an agent or a manager of a cluster: by its image, as classic swarm tells them.
    package let isOverhead: Bool
    /// When it was made, in seconds since 1970; without its fraction when it was never inspected.
    package let createdAt: Double

    package init(
        summary: ContainerSummary,
        claim: Resources,
        ports: [HostPort],
        run: RunState?,
        detail: ContainerDetail? = nil,
        host: String = ""
    ) {
        let listing = ContainerListing(summary.raw, host: host)
        var summary = summary
        summary.raw = listing.text
        self.summary = summary
        places = listing.places
        isOverhead = Self.isOverhead(image: summary.image)
        createdAt = run?.createdAt ?? Double(summary.created)
        self.claim = claim
        self.ports = ports
        self.run = run
        policy = ReschedulePolicy(labels: summary.labels)
        detailBox = policy.isEmpty ? nil : detail.map { DetailBox($0) }
        lineage = Self.lineage(summary.labels)
        labelBits = LabelBits(summary.labels)
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
    private static func isOverhead(image: String) -> Bool {
        let name = image.prefix { $0 != ":" && $0 != "@" }.split(separator: "/").last ?? ""
        return name == "swarm" || name == "swarmd"
    }
    /// Without the leading slash; the short id when the engine gave none.
    package var name: String { summary.names.first ?? String(summary.id.prefix(12)) }
}

/// A description that few containers have; without one a container takes less memory.
private final class DetailBox: Sendable {
    let detail: ContainerDetail

    init(_ detail: ContainerDetail) {
        self.detail = detail
    }
}

/// The parts of a container's `State` that a status line is made of.
package struct RunState: Sendable, Hashable {
    /// In seconds since 1970, UTC; `nil` for never.
    package let startedAt: Double?
    package let finishedAt: Double?
    package let exitCode: Int
    /// When the container was made, in seconds since 1970; the list has only whole ones.
    package let createdAt: Double?
    /// `starting`, `healthy`, `unhealthy`; empty without a health check.
    package let health: String

    init(_ inspection: JSONFields) {
        let state = inspection["State"]?.fields
        createdAt = inspection["Created"]?.string.flatMap { WallTime.parse($0) }
        startedAt = state?["StartedAt"]?.string.flatMap { WallTime.parse($0) }
        finishedAt = state?["FinishedAt"]?.string.flatMap { WallTime.parse($0) }
        exitCode = state?["ExitCode"]?.int ?? 0
        health = state?["Health"]?["Status"]?.string ?? ""
    }
}
