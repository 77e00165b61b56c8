// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOHTTP1

/// `create` and `start` with constraints.
struct CreateRows {
    static let body = """
        {"Image":"redis:latest","Env":["constraint:storage==ssd","constraint:region==eu-*"],"Labels":{"bench":"1"},\
        "HostConfig":{"Memory":16777216}}
        """

    let field: ClusterField
    /// In front of names, so that several rounds do not clash.
    var prefix = "bench"

    func run(_ report: Report) async throws {
        let direct = try await pairs(field.direct(clients: 1), count: 500, name: "direct", kind: "straight")
        let alone = try await pairs(field.load(clients: 1), count: 500, name: "alone", kind: "create and start")
        let engine = Self.pairTimes(direct)
        let times = Self.pairTimes(alone)
        report.add(
            Figure(
                what: "create+start: manager's share, p50",
                load: "\(field.load), 1 client",
                value: times.quantile(0.5) - engine.quantile(0.5),
                reference: .init(name: "direct", value: engine.quantile(0.5))
            )
        )
        report.add(
            Figure(
                what: "create+start: manager's share, p99",
                load: "\(field.load), 1 client",
                value: times.quantile(0.99) - engine.quantile(0.5),
                budget: 0.005,
                reference: .init(name: "direct, p99", value: engine.quantile(0.99))
            )
        )
        let before = field.manager.sample.processor
        let crowd = try await pairs(field.load(clients: 32), count: 6000, name: "crowd", kind: "create by 32 clients")
        let processor = field.manager.sample.processor - before
        let crowdDirect = try await pairs(field.direct(clients: 32), count: 6000, name: "directs", kind: "straight")
        report.add(
            Figure(
                what: "create+start: rate",
                load: "\(field.load), 32 clients",
                value: 6000 / crowd.seconds,
                unit: .perSecond,
                budget: 1500,
                reference: .init(name: "direct", value: 6000 / crowdDirect.seconds)
            )
        )
        report.add(
            Figure(
                what: "create+start: processor time of each",
                load: "\(field.load), 32 clients",
                value: processor / 6000,
                reference: .init(name: "p99 of 32 clients", value: Self.pairTimes(crowd).quantile(0.99))
            )
        )
    }

    /// What pairs by one client take: processor time of the manager for each, and the time of the one in the middle.
    func alone(count: Int) async throws -> (processor: Double, middle: Double) {
        _ = try await pairs(field.load(clients: 1), count: count / 10, name: "warm", kind: "create and start")
        let before = field.manager.sample.processor
        let outcome = try await pairs(field.load(clients: 1), count: count, name: "alone", kind: "create and start")
        let processor = field.manager.sample.processor - before
        return (processor / Double(count), Self.pairTimes(outcome).quantile(0.5))
    }

    /// Each client creates a container, then starts it, then takes the next.
    private func pairs(_ load: Load, count: Int, name: String, kind: String) async throws -> Load.Outcome {
        let prefix = "\(prefix)-\(name)"
        let clients = load.clients
        // Numbers are given out to all clients in turn; a client must start what it created itself. So each
        // client is a load of its own.
        let outcomes = try await withThrowingTaskGroup(of: Load.Outcome.self) { group in
            for client in 0..<clients {
                group.addTask {
                    try await Load(address: load.address).run(count: 2 * count / clients) { number in
                        let name = "\(prefix)-\(client)-\(number / 2)"
                        return number % 2 == 0
                            ? LoadRequest(kind: 0, .POST, "/v1.41/containers/create?name=\(name)", body: Self.body)
                            : LoadRequest(kind: 1, .POST, "/v1.41/containers/\(name)/start")
                    }
                }
            }
            return try await group.reduce(into: [Load.Outcome]()) { $0.append($1) }
        }
        let all = Load.Outcome(
            samples: outcomes.flatMap(\.samples),
            seconds: outcomes.map(\.seconds).max() ?? 0
        )
        try all.check(kind)
        return all
    }

    /// The time of each create together with that of the start that follows it.
    private static func pairTimes(_ outcome: Load.Outcome) -> [Double] {
        zip(outcome.seconds(kind: 0), outcome.seconds(kind: 1)).map { $0 + $1 }
    }
}
