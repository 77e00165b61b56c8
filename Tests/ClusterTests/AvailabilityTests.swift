// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Cluster
import DockerAPI
import Foundation
import Logging
import Scheduling
import Testing

@Suite("Cordoned nodes")
struct AvailabilityTests {
    @Test("a cordoned node gets no container, says so, and is itself again when it is uncordoned")
    func cordon() async throws {
        let engines = [StubEngine(name: "n1"), StubEngine(name: "n2")]

        try await ClusterHarness.run(engines) { cluster in
            try await cluster.waitUntilHealthy()
            try await cluster.setAvailability(.cordoned, of: engines[0].address)

            for _ in 0..<3 {
                #expect(try cluster.reserve(PlacementRequest()).nodeName == "n2")
            }
            #expect(cluster.snapshot.nodes.map(\.statusWord) == ["Cordoned", "Healthy"])

            try await cluster.setAvailability(.active, of: engines[0].address)
            #expect(try cluster.reserve(PlacementRequest()).nodeName == "n1")
        }
    }

    @Test("what is cordoned is so for the next manager, also a node that joins only then")
    func kept() async throws {
        let folder = NSTemporaryDirectory() + "swarmd-state-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func manager() throws -> Cluster {
            var configuration = ClusterConfiguration(scheduler: try Scheduler())
            configuration.state = try StateFolder(folder)
            return Cluster(
                configuration: configuration,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            ) { HTTPClient(address: try EngineAddress(parsing: $0)) }
        }
        do {
            let first = try manager()
            try await first.setAvailability(.cordoned, of: "10.0.0.1:2376")
            try await first.setAvailability(.draining, of: "10.0.0.2:2376")
            try await first.setAvailability(.active, of: "10.0.0.2:2376")
        }

        let second = try manager()
        second.setMembers(["10.0.0.1:2376", "10.0.0.2:2376"])

        #expect(second.snapshot.nodes.map(\.availability) == [.cordoned, .active])
    }

    @Test("two managers do not share a folder")
    func shared() throws {
        let folder = NSTemporaryDirectory() + "swarmd-state-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try StateFolder(folder)

        #expect(throws: StateError.inUse(path: folder)) { try StateFolder(folder) }
        withExtendedLifetime(first) {}
    }
}
