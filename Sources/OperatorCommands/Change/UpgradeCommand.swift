// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import ClusterLifecycle
internal import Machines
internal import SwarmCore

/// `swarmctl upgrade`: newer engines for machines.
package struct UpgradeCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "upgrade",
        abstract: "Upgrade the Docker Engine of machines",
        discussion: """
            Takes the engine's packages, and no others, from the repositories that each host has. The machines of \
            a cluster follow one another, and containers go on while their engine restarts, where it has \
            live-restore. Prints each package that was changed.
            """,
        examples: ["swarmctl upgrade lab", "swarmctl upgrade lab-2 --engine-version 27.5"],
        exitStatus:
            "1 a package manager failed; 10 no such machine, or no such version; 13 a host is not reached; 14 denied"
    )

    @Argument(help: "Clusters (all their machines) and machines; the only cluster unless given.")
    package var names: [String] = []

    @Option(
        help: ArgumentHelp(
            "The version, or the beginning of one; also an older one. The newest unless given.",
            valueName: "version"
        )
    )
    package var engineVersion: String?

    @OptionGroup package var work: WorkOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func validate() throws {
        guard let engineVersion else {
            return
        }
        let isVersion =
            engineVersion.first?.isNumber == true
            && engineVersion.allSatisfy { letter in
                letter.isASCII && (letter.isNumber || letter.isLetter || ".:+~-".contains(letter))
            }
        guard isVersion else {
            throw ValidationError("--engine-version takes a version such as 27.5 or 27.5.1, not \"\(engineVersion)\"")
        }
    }

    package func execute(in context: CommandContext) async throws {
        var seen: Set<String> = []
        let machines = try context.store.targets(names).flatMap(\.machines).map(\.name)
            .filter { seen.insert($0).inserted }
        let version = engineVersion
        let upgrades = try await context.withLifecycle(work) { try await $0.upgrade(machines, to: version) }
        for upgrade in upgrades {
            guard let changes = try? upgrade.changes.get() else {
                continue
            }
            let lines = changes.isEmpty ? ["nothing newer"] : changes
            lines.forEach { context.terminal.output("\(upgrade.machine): \($0)") }
        }
        let failures = upgrades.compactMap(\.changes.userFacingFailure)
        guard failures.isEmpty else {
            throw PartialFailure(failures: failures, total: machines.count)
        }
    }
}
