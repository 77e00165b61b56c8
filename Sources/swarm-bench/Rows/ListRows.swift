// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOHTTP1

/// What the manager answers from what it knows: `info`, and lists of containers.
struct ListRows {
    let field: ClusterField

    func run(_ report: Report) async throws {
        let own = try await field.direct(clients: 1).run(count: 200) { _ in LoadRequest(.GET, "/v1.41/info") }
        try await add("info", "/v1.41/info", count: 300, budget: 0.020, report) {
            .init(name: "info of one engine", value: own.seconds().quantile(0.99))
        }
        try await listAll(report)
        let name = "service-\(field.simulator.engines.count / 2)-1"
        let filters = [
            ("ps --filter name", ["name": [name]]), ("ps --filter label", ["label": ["com.example.tier=web"]]),
            ("ps --filter node", ["node": [field.simulator.engines[0].name]]),
        ]
        let list = try await field.direct(clients: 1).run(count: 200) { _ in
            LoadRequest(.GET, "/v1.41/containers/json?all=1")
        }
        for (what, filter) in filters {
            let limit = what.hasSuffix("label") ? "&limit=100" : ""
            try await add(what, Self.target(filter) + limit, count: 300, budget: 0.010, report) {
                .init(name: "list of one engine", value: list.seconds().quantile(0.99))
            }
        }
        try await add("ps --filter label, all of them", Self.target(filters[1].1), count: 20, budget: nil, report) {
            .init(name: "list of one engine", value: list.seconds().quantile(0.99))
        }
    }

    private static func target(_ filter: [String: [String]]) -> String {
        let members = filter.map { ($0.key, JSON($0.value)) }
        return "/v1.41/containers/json?all=1&filters=" + PercentEncoding.encode(JSONObject(members).json.text)
    }

    /// Lists and copies take turns: what else the machine does then is in both.
    private func listAll(_ report: Report) async throws {
        let list = "/v1.41/containers/json?all=1"
        let text = try await HTTPGet(address: field.manager.address, target: list).bytes()
        field.simulator.engines[0].setText(text)
        defer { field.simulator.engines[0].setText([]) }
        var lists: [Double] = []
        var copies: [Double] = []
        var processor = 0.0
        for _ in 0..<Self.turns {
            let before = field.manager.sample.processor
            let outcome = try await field.load(clients: 1).run(count: Self.turnLength) { _ in LoadRequest(.GET, list) }
            try outcome.check("ps -a")
            processor += field.manager.sample.processor - before
            lists += outcome.seconds()
            let copy = try await field.direct(clients: 1).run(count: Self.turnLength) { _ in
                LoadRequest(.GET, "/v1.41/text")
            }
            try copy.check("copies")
            copies += copy.seconds()
        }
        let count = Double(Self.turns * Self.turnLength)
        report.add(Figure(what: "ps -a: processor time of each", load: field.load, value: processor / count))
        let copy = copies.quantile(0.5)
        report.add(
            Figure(
                what: "ps -a, p50 (\(Figure.Unit.bytes.format(Double(text.count))))",
                load: field.load,
                value: lists.quantile(0.5),
                budget: min(0.060, 3 * copy),
                reference: .init(name: "the same bytes by a socket", value: copy)
            )
        )
    }

    private static let turns = 10
    private static let turnLength = 5

    /// What a busy machine does not change.
    private func addProcessor(_ what: String, since before: Double, count: Int, _ report: Report) {
        let processor = field.manager.sample.processor - before
        report.add(
            Figure(what: "\(what): processor time of each", load: field.load, value: processor / Double(count))
        )
    }

    private func add(
        _ what: String,
        _ target: String,
        count: Int,
        budget: Double?,
        _ report: Report,
        reference: () -> Figure.Reference
    ) async throws {
        let before = field.manager.sample.processor
        let outcome = try await field.load(clients: 1).run(count: count) { _ in LoadRequest(.GET, target) }
        try outcome.check(what)
        addProcessor(what, since: before, count: count, report)
        let times = outcome.seconds()
        report.add(Figure(what: "\(what), p50", load: field.load, value: times.quantile(0.5)))
        report.add(
            Figure(
                what: "\(what), p99",
                load: field.load,
                value: times.quantile(0.99),
                budget: budget,
                reference: reference()
            )
        )
    }
}
