// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Cluster
import DockerAPI
import Scheduling
import SwarmCore
import Testing

/// Reservations, names and lookups.
struct PlacementLifeTests {
    @Test("placements reserved at once spread, and a commit leaves only the container")
    func reserveAndCommit() async throws {
        let engines = [StubEngine(name: "n1"), StubEngine(name: "n2"), StubEngine(name: "n3")]

        // What is read once must be read, however slow the machine is.
        try await ClusterHarness.run(engines, change: { $0.stepTimeout = .seconds(60) }) { cluster in
            try await cluster.waitUntilHealthy()
            let request = PlacementRequest(claim: Resources(memory: 1000))
            let reservations = try (0..<6).map { _ in try cluster.reserve(request) }
            #expect(cluster.snapshot.nodes.map(\.reserved.memory) == [2000, 2000, 2000])

            let first = try #require(reservations.first)
            let engine = try #require(engines.first { $0.address == first.address })
            engine.add(.init(id: "aaaa", name: "web", hostConfig: #"{"Memory":1000}"#), sendingEvent: false)
            await cluster.commit(first, containerID: "aaaa")
            for reservation in reservations.dropFirst() {
                cluster.release(reservation)
                cluster.release(reservation)
            }

            #expect(cluster.snapshot.nodes.map(\.reserved.memory).sorted() == [0, 0, 1000])
            guard case .found(let container, let node) = cluster.container("web") else {
                Issue.record("the container is not found")
                return
            }
            #expect(container.id == "aaaa")
            #expect(node.address == first.address)
        }
    }

    @Test("exactly one of many requests for one name wins, and the name is free again after a release")
    func uniqueNames() async throws {
        let engines = [StubEngine(name: "n1"), StubEngine(name: "n2")]

        try await ClusterHarness.run(engines) { cluster in
            try await cluster.waitUntilHealthy()
            let request = PlacementRequest(name: "db", ports: [HostPort(5432)])

            let won = await withTaskGroup(of: Reservation?.self) { group in
                for _ in 0..<50 {
                    group.addTask { try? cluster.reserve(request) }
                }
                return await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }
            }

            #expect(won.count == 1)
            let error = #expect(throws: SchedulingError.self) { try cluster.reserve(request) }
            #expect(error?.kind.httpStatus == 409)
            #expect(throws: SchedulingError.self) { try cluster.reserveName("db") }
            cluster.release(try #require(won.first))
            try cluster.reserveName("db")
            cluster.releaseName("db")
            #expect(throws: Never.self) { try cluster.reserve(request) }
        }
    }

    @Test("a container is found by id, prefix, name and NODE/name; a name wins over a prefix")
    func lookups() async throws {
        let engines = [StubEngine(name: "n1"), StubEngine(name: "n2")]
        engines[0].add(.init(id: "abcdef000000", name: "web"))
        engines[0].add(.init(id: "abc111000000", name: "twin"))
        engines[1].add(.init(id: "ddd000000000", name: "abcd"))
        engines[1].add(.init(id: "eee000000000", name: "twin"))

        try await ClusterHarness.run(engines) { cluster in
            try await cluster.waitUntilHealthy()

            #expect(cluster.container("web").id == "abcdef000000")
            #expect(cluster.container("/web").id == "abcdef000000")
            #expect(cluster.container("n1/web").id == "abcdef000000")
            #expect(cluster.container("n2/web").id == nil)
            #expect(cluster.container("abcdef").id == "abcdef000000")
            #expect(cluster.container("e").id == "eee000000000")
            #expect(cluster.container("abcd").id == "ddd000000000")
            #expect(cluster.container("n1/twin").id == "abc111000000")
            #expect(cluster.container("n2/eee").id == "eee000000000")
            for reference in ["twin", "abc"] {
                guard case .ambiguous(let candidates) = cluster.container(reference) else {
                    Issue.record("\(reference) is not ambiguous")
                    return
                }
                #expect(candidates.count == 2)
            }
        }
    }

    @Test("a node that is down takes no container, and the others do")
    func avoidsDownNodes() async throws {
        let engines = [StubEngine(name: "n1"), StubEngine(name: "n2")]

        try await ClusterHarness.run(engines) { cluster in
            try await cluster.waitUntilHealthy()
            try await engines[0].kill()
            try await cluster.wait("n1 is disconnected") { $0.nodes[0].status == .disconnected }

            let names = try (0..<3).map { _ in try cluster.reserve(PlacementRequest()).nodeName }

            #expect(names == ["n2", "n2", "n2"])
            #expect(throws: SchedulingError.self) {
                try cluster.reserve(PlacementRequest(), excluding: [engines[1].address])
            }
        }
    }
}

extension Lookup {
    /// The id of the container, when exactly one was found.
    fileprivate var id: String? {
        if case .found(let container, _) = self {
            return container.id
        }
        return nil
    }
}
