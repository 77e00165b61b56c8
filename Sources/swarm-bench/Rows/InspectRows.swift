// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOHTTP1

/// `inspect`: the shortest way through the manager to an engine and back.
struct InspectRows {
    let field: ClusterField

    func run(_ report: Report) async throws {
        let engines = field.simulator.engines.count
        let containers = field.containers
        let spread: @Sendable (Int) -> LoadRequest = { number in
            let id = SimulatedEngine.id(number % engines, number / engines % containers)
            return LoadRequest(.GET, "/v1.41/containers/\(id)/json")
        }
        let id = SimulatedEngine.id(0, 0)
        let straight: @Sendable (Int) -> LoadRequest = { _ in LoadRequest(.GET, "/v1.41/containers/\(id)/json") }
        let direct = try await field.direct(clients: 1).run(count: 2000, straight)
        _ = try await field.load(clients: 8).run(count: 2 * engines, spread)
        let alone = try await field.load(clients: 1).run(count: 2000, spread)
        try alone.check("inspect")
        report.add(
            Figure(
                what: "inspect: added to direct, p50",
                load: "1 client",
                value: alone.seconds().quantile(0.5) - direct.seconds().quantile(0.5),
                budget: 0.0003,
                reference: .init(name: "direct", value: direct.seconds().quantile(0.5))
            )
        )
        let before = field.manager.sample.processor
        let crowd = try await field.load(clients: 32).run(count: 40_000, spread)
        let processor = field.manager.sample.processor - before
        try crowd.check("inspect by 32 clients")
        let crowdDirect = try await field.direct(clients: 32).run(count: 40_000, straight)
        report.add(
            Figure(
                what: "inspect: rate",
                load: "32 clients",
                value: 40_000 / crowd.seconds,
                unit: .perSecond,
                reference: .init(name: "direct", value: 40_000 / crowdDirect.seconds)
            )
        )
        report.add(
            Figure(
                what: "inspect: for each second of processor",
                load: "32 clients",
                value: 40_000 / max(0.01, processor),
                unit: .perSecond,
                budget: 8000,
                reference: .init(name: "direct, driver and engine together", value: 40_000 / crowdDirect.seconds)
            )
        )
    }
}
