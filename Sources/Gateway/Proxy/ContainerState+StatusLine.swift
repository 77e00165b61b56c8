// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI

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
