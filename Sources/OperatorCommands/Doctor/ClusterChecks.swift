// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import SwarmCore

/// Asks a cluster's manager what it thinks of its nodes.
struct ClusterChecks: Sendable {
    let context: CommandContext
    let cluster: ClusterRecord
    let machines: [MachineRecord]
    let timeout: Duration

    func verdicts() async -> [Verdict] {
        var verdicts: [Verdict] = []
        if !cluster.isComplete {
            verdicts.append(
                .failed(
                    cluster.name,
                    "record",
                    "the last create or change did not end",
                    hint: "run the same command again: it goes on where it stopped",
                    kind: .conflict
                )
            )
        }
        let answer = await Survey(context, timeout: timeout).ask(cluster, machines: machines)
        guard let health = answer.health else {
            let problem = answer.problem ?? "no manager has an address yet"
            let hint = "see `swarmctl logs \(cluster.name) --service manager`"
            return verdicts + [.failed(cluster.name, "manager", problem, hint: hint, kind: .unreachable)]
        }
        verdicts.append(.ok(cluster.name, "manager", "answers; \(health.summary)"))
        verdicts += health.nodes.map(verdict)
        let seen = Set(health.nodes.map(\.name))
        return verdicts + machines.filter { !seen.contains($0.name) }.map(missing)
    }

    private func verdict(_ node: ClusterHealth.Node) -> Verdict {
        let check = "node \(node.name)"
        let reason = node.error.map { ": \($0)" } ?? ""
        switch node.status {
        case "Healthy": return .ok(cluster.name, check, "Healthy, \(node.containers) containers")
        case "Draining", "Cordoned", "Pending":
            return .warning(cluster.name, check, node.status + reason, hint: nil)
        default:
            return .failed(
                cluster.name,
                check,
                node.status + reason,
                hint: "look at it with `swarmctl doctor \(node.name)`",
                kind: .unreachable
            )
        }
    }

    private func missing(_ machine: MachineRecord) -> Verdict {
        .failed(
            cluster.name,
            "node \(machine.name)",
            "the manager does not know it",
            hint: "see `swarmctl logs \(machine.name) --service agent`",
            kind: .notFound
        )
    }
}
