// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

/// What `--cluster-opt` sets.
struct ClusterOptions: Sendable, Equatable {
    /// The share of memory and CPUs that may be promised beyond a node's own.
    var overcommit = 0.05
    /// How long a node must be gone, or a container unhealthy, before containers are placed again.
    var rescheduleGrace = Duration.seconds(30)

    /// Reads `NAME=VALUE`s; the last one with a name counts.
    ///
    /// - Throws: ``DaemonError/usage(_:)``.
    init(_ options: [String]) throws(DaemonError) {
        for option in options {
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let text = parts.count == 2 ? String(parts[1]) : ""
            let number = Double(text)
            switch parts[0] {
            case "swarm.overcommit":
                guard let number, number.isFinite, (0...1000).contains(number) else {
                    throw .usage("swarm.overcommit should be 0 or larger, as in swarm.overcommit=0.05")
                }
                overcommit = number
            case "swarm.reschedulegrace":
                guard let grace = GoDuration(argument: text), grace.duration > .zero else {
                    throw .usage("swarm.reschedulegrace should be a duration, as in swarm.reschedulegrace=30s")
                }
                rescheduleGrace = grace.duration
            case "swarm.createretry":
                guard let number, number >= 0 else {
                    throw .usage("swarm.createretry should be 0 or larger")
                }
            default:
                throw .usage(
                    "unknown cluster option \"\(option)\"; known are swarm.overcommit, swarm.reschedulegrace and "
                        + "swarm.createretry"
                )
            }
        }
    }
}
