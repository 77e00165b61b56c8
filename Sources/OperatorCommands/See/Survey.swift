// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines
internal import SwarmCore

/// Asks hosts, engines and managers how they are, each within a deadline of its own.
package struct Survey: Sendable {
    /// What a machine does now.
    package struct MachineAnswer: Sendable, Equatable {
        /// A ``MachineState`` in words, or `Timeout`.
        package var state: String
        /// The engine's version; `nil` when it was not asked or did not answer.
        package var version: String?
        package var problem: String?
    }

    /// What a cluster does now.
    package struct ClusterAnswer: Sendable, Equatable {
        /// `Running`, `Degraded`, `Unreachable`, `Stopped` or `Incomplete`.
        package var state: String
        package var health: ClusterHealth?
        package var problem: String?
    }

    private let context: CommandContext
    private let timeout: Duration

    /// - Parameters:
    ///   - context: where drivers and engines are.
    ///   - timeout: the longest wait for each host.
    package init(_ context: CommandContext, timeout: Duration) {
        self.context = context
        self.timeout = timeout
    }

    /// Asks the driver, and the engine of a machine that runs.
    package func ask(_ machine: MachineRecord) async -> MachineAnswer {
        let deadline = Deadline.after(timeout)
        guard machine.phase > .requested else {
            return MachineAnswer(state: "Incomplete", version: nil, problem: machine.lastError ?? "not created yet")
        }
        do {
            let driver = try context.driver(machine.driver)
            let state = try await withDeadline(deadline, operation: "asking for the state of \"\(machine.name)\"") {
                try await driver.state(of: try context.driverMachine(machine))
            }
            guard state == .running || state == .unknown, machine.phase > .created else {
                return MachineAnswer(state: state.rawValue, version: nil, problem: machine.lastError)
            }
            return await ask(engineOf: machine, state: state, deadline: deadline)
        } catch {
            let isLate = error is DeadlineExceeded
            return MachineAnswer(
                state: isLate ? "Timeout" : MachineState.error.rawValue,
                version: nil,
                problem: ErrorReport(error).message
            )
        }
    }

    private func ask(
        engineOf machine: MachineRecord,
        state: MachineState,
        deadline: Deadline
    ) async -> MachineAnswer {
        do {
            let target = try context.engineTarget(of: .machine(machine))
            let version = try await context.engines.json("/version", at: target, deadline: deadline)
            // An engine that answers tells more than a driver that cannot look.
            return MachineAnswer(
                state: MachineState.running.rawValue,
                version: version["Version"].string,
                problem: machine.lastError
            )
        } catch {
            return MachineAnswer(state: state.rawValue, version: nil, problem: ErrorReport(error).message)
        }
    }

    /// Asks the managers of the cluster, one after the other, until one answers.
    package func ask(_ cluster: ClusterRecord, machines: [MachineRecord]) async -> ClusterAnswer {
        var problem: String?
        let managers = machines.filter { $0.role == .manager && $0.address != nil }
        for manager in managers {
            do {
                let target = try context.engineTarget(of: .cluster(cluster, machines: [manager]))
                let info = try await context.engines.json("/info", at: target, deadline: .after(timeout))
                let health = ClusterHealth(info: info)
                let isWhole = health.healthy == health.nodes.count && !health.nodes.isEmpty
                let state = isWhole ? (cluster.isComplete ? "Running" : "Incomplete") : "Degraded"
                return ClusterAnswer(state: state, health: health, problem: Self.reason(in: health))
            } catch {
                problem = problem ?? ErrorReport(error).message
            }
        }
        return ClusterAnswer(
            state: cluster.isComplete ? "Unreachable" : "Incomplete",
            health: nil,
            problem: problem ?? (managers.isEmpty ? "no manager has an address yet" : nil)
        )
    }

    /// The first node that is not healthy, and why.
    private static func reason(in health: ClusterHealth) -> String? {
        health.nodes.first { $0.status != "Healthy" }.map { node in
            "\(node.name) is \(node.status)" + (node.error.map { ": \($0)" } ?? "")
        }
    }
}
