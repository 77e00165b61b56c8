// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SwarmCore

/// `swarmctl ls`: all clusters and machines.
package struct ListCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "ls",
        abstract: "List clusters and machines",
        discussion: """
            All hosts are asked at the same time; one that does not answer in time is shown as such and \
            is no error. With --filter, the same key twice means either, different keys mean both.
            """,
        examples: ["swarmctl ls --filter state=Running", "swarmctl ls --format json | jq '.[].url'"],
        exitStatus: "1 a record cannot be read"
    )

    @Flag(name: .shortAndLong, help: "Print names only, and ask no host unless a filter needs it.")
    package var quiet = false

    @Option(
        help: ArgumentHelp(
            "Show only what has name, kind, cluster, driver, role, state or label so; repeatable.",
            valueName: "key=value"
        )
    )
    package var filter: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("Longest wait for each host.", valueName: "seconds"))
    package var timeout = 10

    @OptionGroup package var output: FormatOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func validate() throws {
        guard (1...3600).contains(timeout) else {
            throw ValidationError("--timeout takes 1 to 3600 seconds, not \(timeout)")
        }
    }

    package func execute(in context: CommandContext) async throws {
        let filters = try filter.map { try ListFilter(parsing: $0) }
        if quiet, filters.isEmpty {
            let names = context.store.userClusterNames() + context.store.machineNames()
            return names.forEach(context.terminal.output)
        }
        let warnings = CertificateWarnings(context: context)
        for line in context.store.userClusterNames().flatMap(warnings.lines) {
            context.terminal.note("Warning: \(line)")
        }
        let entries = ListFilter.apply(filters, to: try await entries(in: context))
        if quiet {
            return entries.forEach { context.terminal.output($0.name) }
        }
        if output.format == .json {
            return try context.terminal.output(json: entries)
        }
        var table = ListEntry.table
        entries.forEach { table.append($0.cells) }
        context.terminal.output(table)
    }

    /// Each cluster with its machines below it, then the machines without a cluster.
    private func entries(in context: CommandContext) async throws -> [ListEntry] {
        let survey = Survey(context, timeout: .seconds(timeout))
        let active = try ActiveEndpoint.url(in: context)
        let store = context.store
        let groups = try store.userClusterNames().map { (try store.cluster($0), try store.machines(of: $0)) }
        let known = Set(groups.map(\.0.name))
        let loose = try store.machineNames().map(store.machine).filter { !known.contains($0.cluster) }
        let labels = Dictionary(uniqueKeysWithValues: groups.map { ($0.0.name, $0.0.spec.engine.labels) })

        async let clusterAnswers = inParallel(groups.map { Survey.Question(cluster: $0.0, machines: $0.1) }) {
            await survey.ask($0.cluster, machines: $0.machines)
        }
        let machines = groups.flatMap(\.1) + loose
        let answers = await inParallel(machines) { await survey.ask($0) }
        let rows = zip(machines, answers).map { machine, answer in
            ListEntry(machine, answer: answer, labels: labels[machine.cluster] ?? [], active: active)
        }
        var entries: [ListEntry] = []
        for (group, answer) in zip(groups, await clusterAnswers) {
            entries.append(ListEntry(group.0, machines: group.1, answer: answer, active: active))
            entries += rows.filter { $0.cluster == group.0.name }.map { row in
                var row = row
                row.lead = answer.managers.first { $0.name == row.name }?.lead
                return row
            }
        }
        return entries + rows.suffix(loose.count)
    }
}

extension Survey {
    /// A cluster that is asked about.
    struct Question: Sendable {
        var cluster: ClusterRecord
        var machines: [MachineRecord]
    }
}
