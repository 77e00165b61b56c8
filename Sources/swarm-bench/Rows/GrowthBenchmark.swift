// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOHTTP1
internal import SwarmCore

/// The same with ever more nodes: join and memory should grow in proportion, a create not at all.
struct GrowthBenchmark: Benchmark {
    let name = "growth"
    let abstract = "10 to 5,000 nodes of 10 containers, also as a drawing"

    private static let containers = 10

    /// What one number of nodes took.
    private struct Point {
        let nodes: Double
        let join: Double
        let processor: Double
        let memory: Double
        let create: Double
    }

    func run(_ report: Report, _ settings: BenchmarkSettings) async throws {
        var points: [Point] = []
        for nodes in [10, 100, 1000, 5000] {
            points.append(try await measure(nodes, report, settings))
        }
        let drawing = GrowthDrawing(
            title: "Growth: nodes with \(Self.containers) containers each",
            labels: points.map { String(Int($0.nodes)) },
            lines: [
                .init(name: "processor time of the join", unit: .seconds, values: points.map(\.processor)),
                .init(name: "resident memory", unit: .bytes, values: points.map(\.memory)),
                .init(name: "create + start, p50", unit: .seconds, values: points.map(\.create)),
            ]
        )
        try AtomicFile.write(drawing.svg, to: "\(settings.folder)/growth.svg", mode: 0o644)
        report.note("drawn: \(settings.folder)/growth.svg")
    }

    private func measure(_ nodes: Int, _ report: Report, _ settings: BenchmarkSettings) async throws -> Point {
        let field = try await ClusterField(settings, engines: nodes, containers: Self.containers)
        do {
            let point = try await measure(nodes, field, report)
            await field.stop()
            return point
        } catch {
            await field.stop()
            throw error
        }
    }

    private func measure(_ nodes: Int, _ field: ClusterField, _ report: Report) async throws -> Point {
        let join = try await field.manager.waitHealthy(nodes)
        let joined = field.manager.sample
        let outcome = try await field.load(clients: 1).run(count: 400) { number in
            number % 2 == 0
                ? LoadRequest(kind: 0, .POST, "/v1.41/containers/create?name=g-\(number / 2)", body: CreateRows.body)
                : LoadRequest(kind: 1, .POST, "/v1.41/containers/g-\(number / 2)/start")
        }
        try outcome.check("creates")
        let create = outcome.seconds(kind: 0).quantile(0.5) + outcome.seconds(kind: 1).quantile(0.5)
        let point = Point(
            nodes: Double(nodes),
            join: join,
            processor: joined.processor,
            memory: joined.resident,
            create: create
        )
        for (what, value, unit) in [
            ("join", point.join, Figure.Unit.seconds), ("processor time of the join", point.processor, .seconds),
            ("memory", point.memory, .bytes), ("create + start, p50", point.create, .seconds),
        ] {
            report.add(Figure(what: "growth: \(what)", load: "\(nodes) nodes", value: value, unit: unit))
        }
        return point
    }
}
