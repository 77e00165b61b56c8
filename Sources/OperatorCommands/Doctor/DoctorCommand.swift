// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SwarmCore

/// `swarmctl doctor`: finds out what is wrong.
package struct DoctorCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "doctor",
        abstract: "Look for what is wrong with the store, clusters and machines",
        discussion: """
            Checks the store, certificates, hosts, SSH, clocks, disks, engines, agents and what the manager \
            says of each node; changes nothing. Without a name, everything is looked at.
            """,
        examples: ["swarmctl doctor", "swarmctl doctor lab --format json | jq '.[] | select(.level != \"ok\")'"],
        exitStatus: "10, 11, 13, 14 when all failed checks are of that kind; 1 for several kinds"
    )

    @Argument(help: "Cluster or machine; everything unless given.")
    package var name: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Longest wait for each host.", valueName: "seconds"))
    package var timeout = 10

    @Flag(name: .shortAndLong, help: "Show only what is not right.")
    package var quiet = false

    @OptionGroup package var output: FormatOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func validate() throws {
        guard (1...3600).contains(timeout) else {
            throw ValidationError("--timeout takes 1 to 3600 seconds, not \(timeout)")
        }
    }

    package func execute(in context: CommandContext) async throws {
        let targets = try name.map { [try context.store.target($0)] }
        let verdicts = StoreChecks(store: context.store).verdicts() + (await look(at: targets, in: context))
        let shown = quiet ? verdicts.filter { $0.level != .ok } : verdicts
        if output.format == .json {
            try context.terminal.output(json: shown)
        } else {
            shown.flatMap { $0.lines(hasColor: context.terminal.hasColor) }.forEach(context.terminal.output)
        }
        try Task.checkCancellation()
        let failed = verdicts.filter { $0.level == .failed }
        guard let first = failed.first else {
            return
        }
        let isOneKind = failed.allSatisfy { $0.kind == first.kind }
        throw OperatorError.unhealthy(verdicts: failed.count, kind: isOneKind ? first.kind ?? .failed : .failed)
    }

    /// Checks `targets`, or everything that can be read.
    private func look(at targets: [Target]?, in context: CommandContext) async -> [Verdict] {
        let store = context.store
        // Records that cannot be read have had their verdict.
        let targets =
            targets
            ?? store.userClusterNames().compactMap { try? store.target($0) }
            + store.machineNames().compactMap { try? store.machine($0) }
            .filter { MachineStore.isImplicit($0.cluster) }
            .map { Target.machine($0) }
        let timeout = Duration.seconds(timeout)
        var verdicts: [Verdict] = []
        for cluster in Set(targets.map(\.clusterName)).sorted() {
            verdicts += CertificateChecks(context: context, cluster: cluster).verdicts()
        }
        let machines = targets.flatMap(\.machines)
        verdicts += await inParallel(machines, limit: 16) { machine in
            await MachineChecks(context: context, machine: machine, timeout: timeout).verdicts()
        }.flatMap { $0 }
        for case .cluster(let cluster, let machines) in targets {
            let checks = ClusterChecks(context: context, cluster: cluster, machines: machines, timeout: timeout)
            verdicts += await checks.verdicts()
        }
        return verdicts
    }
}
