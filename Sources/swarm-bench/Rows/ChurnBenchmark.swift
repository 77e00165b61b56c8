// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOCore
internal import NIOHTTP1
internal import SwarmCore
internal import Synchronization

/// Half an hour of a bad day: clients that create, attach, exec and copy, one in ten of which goes away in mid-stream,
/// and engines that are cut off, freeze or talk nonsense at random.
///
/// Prints memory and descriptors every minute; what counts is that the last minutes have no more of them than the
/// first, that the manager lives, and that at the end it shows exactly the containers that the engines have.
struct ChurnBenchmark: Benchmark {
    let name = "churn"
    let abstract = "half an hour of clients and engines that break off; only when named"
    let isLong = true
    private static let engines = 100
    private static let containers = 10
    private static let clients = 24

    func run(_ report: Report, _ settings: BenchmarkSettings) async throws {
        let field = try await ClusterField(settings, engines: Self.engines, containers: Self.containers)
        do {
            try await field.manager.waitHealthy(Self.engines)
            try await measure(field, report, seconds: settings.seconds)
            await field.stop()
        } catch {
            await field.stop()
            throw error
        }
    }

    private func measure(_ field: ClusterField, _ report: Report, seconds: Int) async throws {
        let counts = ChurnCounts()
        let samples = try await withThrowingTaskGroup(of: [ProcessSample]?.self) { group in
            for number in 0..<Self.clients {
                let client = ChurnClient(number: number, address: field.manager.address, counts: counts)
                group.addTask {
                    await client.work()
                    return nil
                }
            }
            group.addTask {
                await Self.breakEngines(field.simulator)
                return nil
            }
            group.addTask { try await Self.watch(field.manager, report, counts, seconds: seconds) }
            var samples: [ProcessSample] = []
            while let result = try await group.next() {
                guard let taken = result else {
                    continue
                }
                samples = taken
                group.cancelAll()
            }
            return samples
        }
        try await finish(field, report, counts, samples)
    }

    /// A fault of one engine in ten every other second, for one to five seconds.
    private static func breakEngines(_ simulator: EngineSimulator) async {
        while !Task.isCancelled {
            let broken = simulator.engines.filter { _ in Int.random(in: 0..<10) == 0 }
            let faults: [EngineFault] = [.cut, .cut, .frozen, .slow(.seconds(2)), .garbage]
            for engine in broken {
                engine.setFault(faults.randomElement() ?? .cut)
            }
            try? await ContinuousClock().sleep(for: .seconds(Int.random(in: 1...5)))
            for engine in broken {
                // What a frozen engine has not answered it never will.
                engine.setFault(.cut)
                engine.setFault(.none)
            }
            try? await ContinuousClock().sleep(for: .seconds(2))
        }
    }

    /// One sample each minute, ten in a run that is shorter than that many minutes.
    private static func watch(
        _ manager: ManagerProcess,
        _ report: Report,
        _ counts: ChurnCounts,
        seconds: Int
    ) async throws -> [ProcessSample] {
        let step = max(1, min(60, seconds / 10))
        var samples: [ProcessSample] = []
        for passed in stride(from: step, through: max(step, seconds), by: step) {
            try await ContinuousClock().sleep(for: .seconds(step))
            guard manager.isRunning else {
                throw BenchmarkError.requestsFailed(what: "the manager has ended after \(passed) s", count: 1)
            }
            let sample = manager.sample
            samples.append(sample)
            report.note(
                "\(passed) s: \(Figure.Unit.bytes.format(sample.resident)), \(sample.descriptors) descriptors, \(counts.text)"
            )
        }
        return samples
    }

    private func finish(
        _ field: ClusterField,
        _ report: Report,
        _ counts: ChurnCounts,
        _ samples: [ProcessSample]
    ) async throws {
        for engine in field.simulator.engines {
            engine.setFault(.none)
        }
        try await field.manager.waitHealthy(Self.engines)
        let lost = try await differences(field)
        let third = max(1, samples.count / 3)
        let early = samples.prefix(third).map(\.resident).max() ?? 0
        let late = samples.suffix(third).map(\.resident).max() ?? 0
        let load = "\(counts.total) calls, \(counts.killed) killed"
        report.add(
            Figure(
                what: "churn: resident, most of the last third",
                load: load,
                value: late,
                unit: .bytes,
                budget: early * 1.1,
                reference: .init(name: "most of the first third", value: early)
            )
        )
        report.add(
            Figure(
                what: "churn: descriptors, most of the last third",
                load: load,
                value: Double(samples.suffix(third).map(\.descriptors).max() ?? 0),
                unit: .count,
                budget: 1.1 * Double(samples.prefix(third).map(\.descriptors).max() ?? 0),
                reference: .init(
                    name: "most of the first third",
                    value: Double(samples.prefix(third).map(\.descriptors).max() ?? 0)
                )
            )
        )
        report.add(Figure(what: "churn: containers lost or invented", load: load, value: lost, unit: .count, budget: 0))
    }

    /// How many containers only the engines or only the manager know, once it has had a minute to hear of all.
    private func differences(_ field: ClusterField) async throws -> Double {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            let text = try await HTTPGet(address: field.manager.address, target: "/v1.41/containers/json?all=1").bytes()
            let shown = Set(try JSON(parsing: text).elements.compactMap { $0["Id"]?.string })
            let there = Set(field.simulator.engines.flatMap(\.containerIDs))
            let different = shown.symmetricDifference(there).count
            if different == 0 || ContinuousClock.now > end {
                return Double(different)
            }
            try await ContinuousClock().sleep(for: .milliseconds(200))
        }
    }
}

/// What all clients together have done.
final class ChurnCounts: Sendable {
    private let values = Mutex((done: 0, killed: 0, refused: 0))

    var total: Int { values.withLock { $0.done + $0.killed + $0.refused } }
    var killed: Int { values.withLock { $0.killed } }
    var text: String {
        values.withLock { "\($0.done) calls done, \($0.killed) killed, \($0.refused) refused" }
    }

    func add(_ outcome: ChurnClient.Outcome) {
        values.withLock { values in
            switch outcome {
            case .done: values.done += 1
            case .killed: values.killed += 1
            case .refused: values.refused += 1
            }
        }
    }
}
