// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A manager of simulated engines: what it takes to follow them, and how fast it answers.
struct ClusterBenchmark: Benchmark {
    let name = "cluster"
    let abstract = "a manager of simulated engines"

    func run(_ report: Report, _ settings: BenchmarkSettings) async throws {
        let field = try await ClusterField(settings, engines: settings.engines, containers: settings.containers)
        do {
            try await measure(field, report, settings.rows)
            await field.stop()
        } catch {
            await field.stop()
            throw error
        }
    }

    /// What ``BenchmarkSettings/rows`` may name, in the order in which they are run.
    static let rowNames = "join,lists,inspect,events,create,reconnect"

    private func measure(_ field: ClusterField, _ report: Report, _ rows: [String]) async throws {
        if !rows.isEmpty, !rows.contains("join") {
            try await field.manager.waitHealthy(field.simulator.engines.count)
        }
        for row in Self.rowNames.split(separator: ",") where rows.isEmpty || rows.contains(String(row)) {
            switch row {
            case "join": try await JoinRows(field: field).run(report)
            case "lists": try await ListRows(field: field).run(report)
            case "inspect": try await InspectRows(field: field).run(report)
            case "events": try await EventRows(field: field).run(report)
            case "create": try await CreateRows(field: field).run(report)
            default: try await ReconnectRows(field: field).run(report)
            }
        }
    }
}

/// Simulated engines, and a manager that follows them.
struct ClusterField: Sendable {
    let settings: BenchmarkSettings
    let simulator: EngineSimulator
    let manager: ManagerProcess
    let containers: Int

    init(
        _ settings: BenchmarkSettings,
        engines: Int,
        containers: Int,
        stopped: Int = 0,
        images: Int = 9,
        options: [String] = []
    ) async throws {
        self.settings = settings
        self.containers = containers + stopped
        let all = (0..<engines).map {
            SimulatedEngine(number: $0, running: containers, stopped: stopped, images: images)
        }
        simulator = try await EngineSimulator(all)
        manager = try await ManagerProcess(
            program: settings.program,
            engines: simulator.addresses,
            folder: "\(settings.folder)/\(engines)x\(containers)",
            options: options
        )
    }

    var load: String { "\(simulator.engines.count) engines, \(containers) containers each" }

    func stop() async {
        manager.stop()
        await simulator.stop()
    }

    /// Requests to the manager.
    func load(clients: Int) -> Load { Load(address: manager.address, clients: clients) }

    /// Requests straight to the first engine.
    func direct(clients: Int) throws -> Load {
        Load(address: try simulator.address(of: simulator.engines[0]), clients: clients)
    }

    /// The processor time that the manager takes for `work`, in seconds.
    func processorTime(_ work: () async throws -> Void) async rethrows -> Double {
        let before = manager.sample.processor
        try await work()
        return manager.sample.processor - before
    }
}

extension Load.Outcome {
    /// - Throws: when a request was not answered with success.
    func check(_ what: String) throws {
        guard failures == 0 else {
            throw BenchmarkError.requestsFailed(what: what, count: failures)
        }
    }
}
