// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOHTTP1

/// All engines at once, and what the manager needs for them.
struct JoinRows {
    let field: ClusterField

    func run(_ report: Report) async throws {
        let engines = field.simulator.engines.count
        let seconds = try await field.manager.waitHealthy(engines)
        let joined = field.manager.sample
        report.add(
            Figure(
                what: "join: all healthy",
                load: field.load,
                value: seconds,
                budget: 10 * Double(engines) / 1000,
                reference: try await sameRequests(engines)
            )
        )
        report.add(Figure(what: "join: processor time", load: field.load, value: joined.processor))
        // Connections of the join are closed when nobody has needed them for a while.
        try await ContinuousClock().sleep(for: .seconds(5))
        let settled = field.manager.sample
        let nodes = Double(engines)
        report.add(
            Figure(
                what: "memory: resident",
                load: field.load,
                value: settled.resident,
                unit: .bytes,
                budget: 150 * 1024 * 1024 * max(1, nodes / 1000),
                reference: .init(name: "the most during the join", value: settled.peak)
            )
        )
        report.add(
            Figure(
                what: "descriptors",
                load: field.load,
                value: Double(settled.descriptors),
                unit: .count,
                reference: .init(name: "during the join", value: Double(joined.descriptors))
            )
        )
    }

    /// As many requests as the join takes, straight to one engine.
    private func sameRequests(_ engines: Int) async throws -> Figure.Reference {
        let id = SimulatedEngine.id(0, 0)
        let count = engines * (field.containers + 8)
        let outcome = try await field.direct(clients: 64).run(count: count) { _ in
            LoadRequest(.GET, "/v1.41/containers/\(id)/json")
        }
        try outcome.check("inspects of an engine")
        return .init(name: "as many requests straight", value: outcome.seconds)
    }
}
