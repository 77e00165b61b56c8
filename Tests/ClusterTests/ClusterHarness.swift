// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Cluster
import DockerAPI
import Logging
import Scheduling
import Testing

/// A cluster over engines of this process, with waits short enough for a test.
struct ClusterHarness {
    let cluster: Cluster

    /// Runs `body` with a cluster of `engines` that is followed meanwhile, and stops everything after it.
    static func run(
        _ engines: [StubEngine],
        strategy: String = "spread",
        change: (inout ClusterConfiguration) -> Void = { _ in },
        _ body: @Sendable (Cluster) async throws -> Void
    ) async throws {
        var configuration = ClusterConfiguration(scheduler: try Scheduler(strategy: strategy))
        configuration.probeInterval = .milliseconds(50)
        configuration.probeTimeout = .milliseconds(200)
        configuration.stepTimeout = .seconds(2)
        configuration.backoffStart = .milliseconds(20)
        configuration.backoffLimit = .milliseconds(100)
        change(&configuration)
        for engine in engines {
            try await engine.start()
        }
        let cluster = Cluster(
            configuration: configuration,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) {
            HTTPClient(address: try EngineAddress(parsing: $0))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await cluster.run() }
            cluster.setMembers(engines.map(\.address))
            do {
                try await body(cluster)
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
        for engine in engines {
            try await engine.kill()
        }
    }
}

extension Cluster {
    /// Waits until `condition` holds, and fails after a minute.
    func wait(
        _ what: Comment,
        sourceLocation: SourceLocation = #_sourceLocation,
        until condition: @Sendable (ClusterSnapshot) -> Bool
    ) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while !condition(snapshot) {
            // A snapshot tells nobody that it was replaced: looking again and again, for a bounded time.
            guard ContinuousClock.now < end else {
                let nodes = snapshot.nodes.map { "\($0.name) \($0.status) \($0.reason ?? "")" }
                Issue.record("\(what): \(nodes)", sourceLocation: sourceLocation)
                throw CancellationError()
            }
            try await ContinuousClock().sleep(for: .milliseconds(5))
        }
    }

    /// Waits until all nodes are healthy.
    func waitUntilHealthy(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await wait("all nodes are healthy", sourceLocation: sourceLocation) { snapshot in
            !snapshot.nodes.isEmpty && snapshot.nodes.allSatisfy { $0.status == .healthy }
        }
    }
}
