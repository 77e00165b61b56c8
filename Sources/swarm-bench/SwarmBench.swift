// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ArgumentParser
internal import SwarmCore

/// Measures the project on the machine at hand.
@main
struct SwarmBench: AsyncParsableCommand {
    static let benchmarks: [any Benchmark] = [SchedulerBenchmark()]

    static let configuration = CommandConfiguration(
        commandName: "swarm-bench",
        abstract: "Measure swarmctl's parts",
        discussion: """
            Prints a table: each figure beside its budget and a reference that was taken in the same run. \
            Figures of a debug build say nothing.

            BENCHMARKS: \(benchmarks.map { "\($0.name) (\($0.abstract))" }.joined(separator: ", "))

            EXIT STATUS: 0 measured, within the budgets or not; 64 no such benchmark.
            """
    )

    @Argument(help: ArgumentHelp("Benchmarks to run; all of them when none is named.", valueName: "name"))
    var names: [String] = []

    @Option(help: ArgumentHelp("Where to write the figures as JSON too.", valueName: "file"))
    var json: String?

    func validate() throws {
        let known = Self.benchmarks.map(\.name)
        for name in names where !known.contains(name) {
            throw ValidationError("unknown benchmark \"\(name)\"; known are \(known.joined(separator: ", "))")
        }
    }

    func run() async throws {
        let report = Report(machine: MachineDescription())
        for benchmark in Self.benchmarks where names.isEmpty || names.contains(benchmark.name) {
            try await benchmark.run(report)
        }
        report.finish()
        if let json {
            try AtomicFile.write(report.text, to: json, mode: 0o644)
        }
    }
}
