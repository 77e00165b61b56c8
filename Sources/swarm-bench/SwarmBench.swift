// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ArgumentParser
internal import SwarmCore

/// Measures the project on the machine at hand.
@main
struct SwarmBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swarm-bench",
        abstract: "Measure swarmctl's parts",
        subcommands: [MeasureCommand.self, CompareCommand.self],
        defaultSubcommand: MeasureCommand.self
    )
}

/// `measure`: runs benchmarks.
struct MeasureCommand: AsyncParsableCommand {
    static let benchmarks: [any Benchmark] = [
        SchedulerBenchmark(), ClusterBenchmark(), CrowdedBenchmark(), CopyBenchmark(), GrowthBenchmark(),
        ChurnBenchmark(),
    ]

    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Measure swarmctl's parts",
        discussion: """
            Prints a table: each figure beside its budget and a reference that was taken in the same run. \
            Figures of a debug build say nothing. Engines are simulated in this process; the manager is \
            a process of its own.

            BENCHMARKS: \(benchmarks.map { "\($0.name) (\($0.abstract))" }.joined(separator: ", "))

            EXIT STATUS: 0 measured, within the budgets or not; 13 the manager does not do its work; \
            64 no such benchmark.
            """
    )

    @Argument(help: ArgumentHelp("Benchmarks to run; all but the long ones when none is named.", valueName: "name"))
    var names: [String] = []

    @Option(help: ArgumentHelp("Where to write the figures as JSON too.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("The manager to measure.", valueName: "file"))
    var swarmd = ".build/swarmd"

    @Option(help: ArgumentHelp("For logs and states of managers.", valueName: "folder"))
    var folder = ".build/bench"

    @Option(help: ArgumentHelp("Folder with ca.pem, cert.pem and key.pem for 127.0.0.1.", valueName: "folder"))
    var certificates: String?

    @Option(help: ArgumentHelp("How many engines are simulated.", valueName: "number"))
    var engines = 1000

    @Option(help: ArgumentHelp("How many containers each of them has.", valueName: "number"))
    var containers = 30

    @Option(help: ArgumentHelp("Parts of `cluster` to run: \(ClusterBenchmark.rowNames).", valueName: "names"))
    var rows = ""

    @Option(help: ArgumentHelp("How long the churn lasts.", valueName: "seconds"))
    var seconds = 1800

    func validate() throws {
        let known = Self.benchmarks.map(\.name)
        for name in names where !known.contains(name) {
            throw ValidationError("unknown benchmark \"\(name)\"; known are \(known.joined(separator: ", "))")
        }
        for row in rowNames where !ClusterBenchmark.rowNames.split(separator: ",").contains(row[...]) {
            throw ValidationError("unknown part \"\(row)\" of the benchmark; known are \(ClusterBenchmark.rowNames)")
        }
        guard (10...1_000_000).contains(seconds) else {
            throw ValidationError("--seconds takes 10 to 1000000")
        }
        guard (1...60_000).contains(engines), (1...20_000).contains(containers) else {
            throw ValidationError("--engines takes 1 to 60000, --containers 1 to 20000")
        }
    }

    private var rowNames: [String] { rows.split(separator: ",").map { String($0) } }

    func run() async throws {
        let report = Report(machine: MachineDescription())
        let settings = BenchmarkSettings(
            program: swarmd,
            folder: folder,
            certificates: certificates,
            engines: engines,
            containers: containers,
            rows: rowNames,
            seconds: seconds
        )
        do {
            for benchmark in Self.benchmarks where names.isEmpty ? !benchmark.isLong : names.contains(benchmark.name) {
                try await benchmark.run(report, settings)
            }
        } catch let error as BenchmarkError {
            report.note("Error: \(error.message)" + (error.hint.map { "\n\nHint: \($0)" } ?? ""))
            throw ExitCode(error.kind.rawValue)
        }
        report.finish()
        if let json {
            try AtomicFile.write(report.text, to: json, mode: 0o644)
        }
    }
}
