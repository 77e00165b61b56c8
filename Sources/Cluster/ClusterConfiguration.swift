// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Scheduling

/// What the command line decides about the cluster.
package struct ClusterConfiguration: Sendable {
    package var scheduler: Scheduler
    /// Bounds of the time between two full comparisons with an engine, chosen at random within them.
    package var refreshInterval: ClosedRange<Duration> = .seconds(30) ... .seconds(60)
    /// How many probes in a row must fail before a node counts as disconnected; at least 1.
    package var failureRetry = 3
    /// Time between two probes of an engine that answers.
    package var probeInterval: Duration = .seconds(5)
    /// The longest wait for the answer to a probe.
    package var probeTimeout: Duration = .seconds(5)
    /// The longest wait for each step of connecting.
    package var stepTimeout: Duration = .seconds(10)
    /// The longest wait between two attempts to connect.
    package var backoffLimit: Duration = .seconds(5)
    /// The first wait between two attempts to connect; it doubles.
    package var backoffStart: Duration = .milliseconds(250)
    /// How long a node must be disconnected, or a container unhealthy, before containers are placed again.
    package var rescheduleGrace: Duration = .seconds(30)
    /// Time between two looks at what has to be placed again.
    package var rescheduleInterval: Duration = .seconds(1)
    /// Where decisions are kept over restarts; `nil` keeps none.
    package var state: StateFolder?
    /// Where managers keep for each other what one decided; `nil` for a manager alone.
    package var sharedAvailability: (any SharedAvailability)?
    /// How many containers of one engine are inspected at a time.
    package var inspectionWidth = 4

    package init(scheduler: Scheduler) {
        self.scheduler = scheduler
    }
}
