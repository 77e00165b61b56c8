// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Cluster
import DockerAPI
import Scheduling
import Synchronization
import Testing

/// Events of what has been read already: an engine is not asked twice about one change.
struct OwnChangeTests {
    /// The instant before the first event of an engine of these tests.
    private static let start = "2023-11-14T22:13:20.000500Z"

    /// Nothing is read but for events and calls, however slow the machine is.
    private static func run(_ engine: StubEngine, _ body: @Sendable (Cluster) async throws -> Void) async throws {
        try await ClusterHarness.run(
            [engine],
            change: {
                $0.probeInterval = .seconds(600)
                $0.stepTimeout = .seconds(60)
                $0.refreshInterval = .seconds(600) ... .seconds(700)
            },
            body
        )
    }

    @Test("a start that was read before its event came is not read again, and a later one is")
    func startedBefore() async throws {
        let engine = StubEngine(name: "n1")
        engine.add(.init(id: "aaaa", name: "web", started: Self.start), sendingEvent: false)

        try await Self.run(engine) { cluster in
            try await cluster.waitUntilHealthy()
            let read = engine.inspections(of: "aaaa")

            engine.emit("container", "start", "aaaa")
            engine.add(.init(id: "bbbb", name: "db"))
            try await cluster.wait("the next event is read") { $0.nodes[0].containers["bbbb"] != nil }
            #expect(engine.inspections(of: "aaaa") == read)

            engine.update { $0.clock += 60_000_000_000 }
            engine.emit("container", "start", "aaaa")
            engine.add(.init(id: "cccc", name: "cache"))
            try await cluster.wait("the next event is read") { $0.nodes[0].containers["cccc"] != nil }
            #expect(engine.inspections(of: "aaaa") == read + 1)
        }
    }

    @Test("a container that was made and read is not read again when the event of its creation comes")
    func createdBefore() async throws {
        let engine = StubEngine(name: "n1")

        try await Self.run(engine) { cluster in
            try await cluster.waitUntilHealthy()
            let reservation = try cluster.reserve(.init())
            engine.add(.init(id: "aaaa", name: "web"), sendingEvent: false)
            await cluster.commit(reservation, containerID: "aaaa")
            #expect(engine.inspections(of: "aaaa") == 1)

            engine.emit("container", "create", "aaaa")
            engine.add(.init(id: "bbbb", name: "db"))
            try await cluster.wait("the next event is read") { $0.nodes[0].containers["bbbb"] != nil }

            #expect(engine.inspections(of: "aaaa") == 1)
        }
    }

    @Test("what is known of a container is read after a change that it does not show, and only then")
    func refresh() async throws {
        let engine = StubEngine(name: "n1")
        engine.add(.init(id: "aaaa", name: "web"), sendingEvent: false)

        try await Self.run(engine) { cluster in
            try await cluster.waitUntilHealthy()
            let read = engine.inspections(of: "aaaa")

            await cluster.refreshContainer("aaaa", on: engine.address) { $0?.name == "web" }
            #expect(engine.inspections(of: "aaaa") == read)

            engine.update { $0.containers[0].name = "new" }
            await cluster.refreshContainer("aaaa", on: engine.address) { $0?.name == "new" }
            #expect(engine.inspections(of: "aaaa") == read + 1)
            #expect(cluster.snapshot.nodes[0].containers["aaaa"]?.name == "new")
        }
    }
}

extension OwnChangeTests {
    @Test(
        "a change costs one call to an engine that lists what it describes, and two to one that does not",
        arguments: [(command: "sleep '1 h'", lists: 0), (command: "something else", lists: 1)]
    )
    func calls(command: String, lists: Int) async throws {
        let engine = StubEngine(name: "n1")
        engine.add(.init(id: "aaaa", name: "web", command: command), sendingEvent: false)

        try await Self.run(engine) { cluster in
            try await cluster.waitUntilHealthy()
            let before = engine.lists
            engine.update { $0.containers[0].state = "paused" }
            await cluster.refreshContainer("aaaa", on: engine.address)

            #expect(engine.lists == before + lists)
            #expect(engine.inspections(of: "aaaa") == 2)
            #expect(cluster.snapshot.nodes[0].containers["aaaa"]?.summary.state == "paused")
        }
    }

    @Test("a container that is linked to, or in a state that lists alone tell, is read from the list too")
    func listedAlone() async throws {
        let engine = StubEngine(name: "n1")
        engine.add(.init(id: "aaaa", name: "web"), sendingEvent: false)
        engine.add(.init(id: "bbbb", name: "db", links: ["/web/store"]), sendingEvent: false)

        try await Self.run(engine) { cluster in
            try await cluster.waitUntilHealthy()
            let before = engine.lists
            await cluster.refreshContainer("bbbb", on: engine.address)
            #expect(engine.lists == before + 1)
            engine.update { $0.containers[0].state = "removing" }
            await cluster.refreshContainer("aaaa", on: engine.address)
            #expect(engine.lists == before + 2)
            engine.remove("aaaa", sendingEvent: false)
            await cluster.refreshContainer("aaaa", on: engine.address)
            #expect(engine.lists == before + 2)
            #expect(cluster.snapshot.nodes[0].containers["aaaa"] == nil)
        }
    }
}

extension StubEngine {
    /// How many times containers were listed.
    fileprivate var lists: Int {
        state.withLock { $0.requests.count { $0.contains("/containers/json") } }
    }

    /// How many times the container was inspected.
    fileprivate func inspections(of id: String) -> Int {
        state.withLock { $0.requests.count { $0.hasSuffix("/containers/\(id)/json") } }
    }
}
