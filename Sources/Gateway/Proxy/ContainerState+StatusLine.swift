// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI

/// What the line for people depends on: containers with the same have the same line.
struct StatusLine: Hashable {
    private let key: UInt64

    /// `nil` for a container whose line follows from more than this.
    init?(_ container: ListedFacts, now: Double) {
        guard let kind = container.line else {
            return nil
        }
        let seconds = max(0, min(now - container.since, 1e12))
        // As ``WallTime/describe(seconds:)`` rounds them: seconds, minutes, hours, whole hours for its years.
        let age: UInt64 =
            switch seconds {
            case ..<60: UInt64(seconds)
            case ..<3600: 60 + UInt64(seconds) / 60
            default: 120 + 2 * UInt64(seconds / 3600 + 0.5) + UInt64(seconds / 3600) % 2
            }
        key = age << 12 | UInt64(kind)
    }
}

extension ContainerState {
    /// Whether it was made after `other`; of two made at the same instant, that with the greater id.
    func isNewer(than other: ContainerState) -> Bool {
        guard summary.created == other.summary.created else {
            return summary.created > other.summary.created
        }
        guard let mine = run?.createdAt, let others = other.run?.createdAt, mine != others else {
            return id > other.id
        }
        return mine > others
    }

    /// The line for people in the list, as the engine would write it at this moment.
    ///
    /// The engine's own line was true when the list was read; the times in it go on.
    func statusLine(now: Double) -> String {
        guard let run else {
            return summary.status
        }
        switch summary.state {
        case "running":
            let note = run.health.isEmpty ? "" : run.health == "starting" ? " (health: starting)" : " (\(run.health))"
            return uptime(run, now).map { "Up \($0)\(note)" } ?? summary.status
        case "paused":
            return uptime(run, now).map { "Up \($0) (Paused)" } ?? summary.status
        case "restarting":
            return downtime(run, now).map { "Restarting (\(run.exitCode)) \($0) ago" } ?? summary.status
        case "exited":
            return downtime(run, now).map { "Exited (\(run.exitCode)) \($0) ago" } ?? summary.status
        case "created": return "Created"
        case "removing": return "Removal In Progress"
        case "dead": return "Dead"
        default: return summary.status
        }
    }

    private func uptime(_ run: RunState, _ now: Double) -> String? {
        run.startedAt.map { WallTime.describe(seconds: now - $0) }
    }

    private func downtime(_ run: RunState, _ now: Double) -> String? {
        run.finishedAt.map { WallTime.describe(seconds: now - $0) }
    }
}
