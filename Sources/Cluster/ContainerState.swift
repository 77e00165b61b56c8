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

    package init(summary: ContainerSummary, claim: Resources, ports: [HostPort], run: RunState?) {
        self.summary = summary
        self.claim = claim
        self.ports = ports
        self.run = run
    }

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
    /// `starting`, `healthy`, `unhealthy`; empty without a health check.
    package let health: String

    init(_ state: JSON?) {
        startedAt = state?["StartedAt"]?.string ?? ""
        finishedAt = state?["FinishedAt"]?.string ?? ""
        exitCode = state?["ExitCode"]?.int ?? 0
        health = state?["Health"]?["Status"]?.string ?? ""
    }
}
