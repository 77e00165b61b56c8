// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ClusterLifecycle
internal import Machines
internal import SwarmCore

/// Brings a cluster from its stored wish to a changed one: plan, question, work.
struct ClusterChange {
    let work: WorkOptions
    let confirmation: ConfirmOptions
    let isDryRun: Bool
    let context: CommandContext

    /// Applies `change` to the wish of `cluster`, and prints the names of machines that came or went.
    func apply(_ cluster: ClusterRecord, _ change: (inout ClusterSpec) throws -> Void) async throws {
        var spec = cluster.spec
        try change(&spec)
        let plan = try ClusterLifecycle(context: context.lifecycleContext()).plan(spec)
        if isDryRun {
            return plan.lines.forEach(context.terminal.output)
        }
        plan.lines.forEach(context.terminal.note)
        if plan.changesHosts {
            try confirmation.confirm("Do that?", on: context.terminal)
        }
        try await context.withLifecycle(work) { _ = try await $0.apply(plan) }
        for item in plan.items where item.action != .check {
            context.terminal.output(item.machine)
        }
    }
}
