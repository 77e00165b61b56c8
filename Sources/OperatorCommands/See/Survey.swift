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
        /// Each of several managers; empty for one.
        package var managers: [ManagerAnswer] = []
    }

    /// What one of several managers says of itself.
    package struct ManagerAnswer: Sendable, Equatable, Encodable {
        /// The machine.
        package var name: String
        package var address: String
        /// `primary`, `replica`, or `nil` when it does not answer.
        package var lead: String?
        /// Whom it takes for the leader.
        package var primary: String?
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

    /// Asks all managers of the cluster at once; the one that leads speaks for it, else the first that answers.
    package func ask(_ cluster: ClusterRecord, machines: [MachineRecord]) async -> ClusterAnswer {
        let target = Target.cluster(cluster, machines: machines)
        let managers = target.managers
        let replies = await inParallel(managers) { await health(of: $0, in: target) }
        let answers = zip(managers, replies).map { manager, reply in
            ManagerAnswer(
                name: manager.name,
                address: manager.address ?? "",
                lead: (try? reply.get())?.role,
                primary: (try? reply.get())?.primary,
                problem: reply.failureMessage
            )
        }
        let healths = replies.compactMap { try? $0.get() }
        let own = managers.count > 1 ? answers : []
        guard let health = healths.first(where: { $0.role == "primary" }) ?? healths.first else {
            return ClusterAnswer(
                state: cluster.isComplete ? "Unreachable" : "Incomplete",
                health: nil,
                problem: answers.compactMap(\.problem).first
                    ?? (managers.isEmpty ? "no manager has an address yet" : nil),
                managers: own
            )
        }
        let silent = own.first { $0.lead == nil }.map { "manager \($0.name) does not answer: \($0.problem ?? "")" }
        let leaderless = own.contains { $0.lead == "primary" } || own.isEmpty ? nil : "no manager leads the cluster"
        let isWhole =
            health.healthy == health.nodes.count && !health.nodes.isEmpty && silent == nil && leaderless == nil
        return ClusterAnswer(
            state: isWhole ? (cluster.isComplete ? "Running" : "Incomplete") : "Degraded",
            health: health,
            problem: leaderless ?? silent ?? Self.reason(in: health),
            managers: own
        )
    }

    private func health(of manager: MachineRecord, in target: Target) async -> Result<ClusterHealth, any Error> {
        do {
            let endpoint = try context.engineTarget(of: target.preferring(manager))
            return .success(
                ClusterHealth(info: try await context.engines.json("/info", at: endpoint, deadline: .after(timeout)))
            )
        } catch {
            return .failure(error)
        }
    }

    /// The first node that is not healthy, and why.
    private static func reason(in health: ClusterHealth) -> String? {
        health.nodes.first { $0.status != "Healthy" }.map { node in
            "\(node.name) is \(node.status)" + (node.error.map { ": \($0)" } ?? "")
        }
    }
}

extension Result where Failure == any Error {
    /// The error's text; `nil` for a success.
    fileprivate var failureMessage: String? {
        guard case .failure(let error) = self else {
            return nil
        }
        return ErrorReport(error).message
    }
}
