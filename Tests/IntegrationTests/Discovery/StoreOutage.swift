// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import Logging
import SwarmCore
import Testing

/// A server that is killed and comes back, under an agent and a manager's feed.
struct StoreOutage: Sendable {
    let server: StoreServer
    /// In the table of stores and cases.
    let name: String

    /// Kills the server, starts it again after `duration`, and waits until all is as before.
    func run(for duration: Duration) async throws {
        let cluster = StoreServer.newCluster()
        let agent = JoinAgent.patient(try await server.members(cluster), "10.0.0.1:2376")
        let other = try await server.members(cluster)
        let feed = MemberFeed(store: try await server.members(cluster), logger: .quiet)
        let observed = Observed<MemberFeed.Update>()
        let (updates, continuation) = AsyncStream<MemberFeed.Update>.makeStream()

        try await withBackground {
            for await update in updates { await observed.add(update) }
        } _: {
            try await withBackground {
                await feed.run { continuation.yield($0) }
            } _: {
                try await withBackground {
                    await agent.run()
                } _: {
                    try await observed.wait(for: "the agent is seen") { $0 == .members(["10.0.0.1:2376"]) }
                    try await away(for: duration, observed)
                    let start = ContinuousClock.now
                    try await other.registerPatiently("10.0.0.2:2376")
                    try await observed.wait(.seconds(60), for: "a new member is seen") {
                        $0 == .members(["10.0.0.1:2376", "10.0.0.2:2376"])
                    }
                    server.note(name, ContinuousClock.now - start)
                }
            }
        }
        let lists = await observed.values.compactMap { update -> [String]? in
            guard case .members(let list) = update else { return nil }
            return list
        }
        #expect(!lists.drop { $0.isEmpty }.contains([]), "the members were never gone: \(lists)")
    }

    private func away(for duration: Duration, _ observed: Observed<MemberFeed.Update>) async throws {
        let end = ContinuousClock.now + duration
        try await server.stop(isKilled: true)
        if duration > .zero {
            try await observed.wait(.seconds(30), for: "the failure is told") { update in
                guard case .failed = update else { return false }
                return true
            }
            // The outage itself: nothing happens that could be waited for.
            try await ContinuousClock().sleep(until: end)
        }
        _ = try await server.start()
    }
}

extension JoinAgent {
    /// An agent that only a loss of the store makes register again within the test.
    static func patient(_ store: any DiscoveryStore, _ address: String) -> JoinAgent {
        JoinAgent(store: store, address: .fixed(address), heartbeat: .seconds(60), ttl: .seconds(180), logger: .quiet)
    }
}

extension Logger {
    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
