// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Cluster
import DockerAPI
import Scheduling
import Synchronization
import Testing

/// Nodes through their life, over real connections to engines of this process.
struct NodeLifeTests {
    @Test("a member becomes healthy and its containers are known with their claims and ports")
    func connects() async throws {
        let engine = StubEngine(name: "n1")
        let hostConfig = #"{"Memory":1000,"NanoCpus":500000000,"PortBindings":{"80/tcp":[{"HostPort":"8080"}]}}"#
        engine.add(.init(id: "aaaa", name: "web", state: "exited", hostConfig: hostConfig))

        try await ClusterHarness.run([engine]) { cluster in
            try await cluster.waitUntilHealthy()

            let node = try #require(cluster.snapshot.nodes.first)
            #expect(node.name == "n1")
            #expect(node.reserved.memory == 1000)
            #expect(node.reserved.nanoCPUs == 500_000_000)
            #expect(node.containers["aaaa"]?.ports.map(\.description) == ["8080/tcp"])
            #expect(cluster.snapshot.apiVersions?.highest == APIVersion(major: 1, minor: 41))
        }
    }

    @Test("an event changes the list at once, and exec events read nothing")
    func followsEvents() async throws {
        let engine = StubEngine(name: "n1")

        try await ClusterHarness.run([engine]) { cluster in
            try await cluster.waitUntilHealthy()
            engine.add(.init(id: "aaaa", name: "web"))
            try await cluster.wait("the container is known") { $0.nodes[0].containers["aaaa"] != nil }
            let before = engine.state.withLock { $0.requests.filter { $0.contains("containers") }.count }

            engine.emit("container", "exec_create: sh", "aaaa")
            engine.remove("aaaa")

            try await cluster.wait("the container is gone") { $0.nodes[0].containers.isEmpty }
            let after = engine.state.withLock { $0.requests.filter { $0.contains("containers") }.count }
            #expect(after - before == 1)
        }
    }

    @Test("an engine that is killed is disconnected with a reason, and healthy again when it is back")
    func killedAndBack() async throws {
        let engine = StubEngine(name: "n1")
        engine.add(.init(id: "aaaa", name: "web"))

        try await ClusterHarness.run([engine]) { cluster in
            try await cluster.waitUntilHealthy()
            try await engine.kill()
            // The end of the event stream is the first reason; that nothing listens any more follows at once.
            try await cluster.wait("the node is disconnected, and why") {
                $0.nodes[0].status == .disconnected && $0.nodes[0].reason?.contains("cannot connect") == true
            }
            #expect(cluster.snapshot.nodes[0].containers.count == 1)

            engine.add(.init(id: "bbbb", name: "db"), sendingEvent: false)
            try await engine.start()

            try await cluster.waitUntilHealthy()
            #expect(cluster.snapshot.nodes[0].containers.count == 2)
        }
    }

    @Test("an engine that stops answering while its connections stay open is found by probes")
    func frozen() async throws {
        let engine = StubEngine(name: "n1")

        try await ClusterHarness.run([engine]) { cluster in
            try await cluster.waitUntilHealthy()
            engine.update { $0.hanging = ["/"] }
            try await cluster.wait("the node is disconnected") { $0.nodes[0].status == .disconnected }
            #expect(cluster.snapshot.nodes[0].reason?.isEmpty == false)

            engine.update { $0.hanging = [] }

            try await cluster.waitUntilHealthy()
        }
    }

    @Test("events missed during a break are delivered once, in order")
    func resumesEvents() async throws {
        let engine = StubEngine(name: "n1")

        try await ClusterHarness.run([engine]) { cluster in
            try await cluster.waitUntilHealthy()
            let events = cluster.events()
            engine.emit("container", "start", "a1")
            try await cluster.wait("the first event is read") { _ in
                engine.state.withLock { !$0.listeners.isEmpty }
            }
            engine.cutConnections()
            engine.emit("container", "start", "a2")
            engine.emit("container", "start", "a3")
            try await cluster.wait("it listens again") { _ in engine.state.withLock { !$0.listeners.isEmpty } }
            engine.emit("container", "start", "a4")

            var actors: [String] = []
            for await event in events where event.event.type == "container" {
                actors.append(event.event.actor)
                if actors.last == "a4" {
                    break
                }
            }
            #expect(actors == ["a1", "a2", "a3", "a4"])
        }
    }

    @Test("one container that cannot be inspected does not keep a node out")
    func hangingInspect() async throws {
        let engine = StubEngine(name: "n1")
        engine.add(.init(id: "aaaa", name: "web"))
        engine.add(.init(id: "bbbb", name: "db", hostConfig: #"{"Memory":7}"#))
        engine.update { $0.hanging = ["/containers/aaaa/"] }

        try await ClusterHarness.run([engine], change: { $0.stepTimeout = .seconds(3) }) { cluster in
            try await cluster.waitUntilHealthy()

            #expect(cluster.snapshot.nodes[0].containers.count == 2)
            #expect(cluster.snapshot.nodes[0].reserved.memory == 7)
        }
    }

    @Test("containers whose inspect hangs do not hold up the news of others")
    func hangingEvents() async throws {
        let engine = StubEngine(name: "n1")
        engine.add(.init(id: "aaaa", name: "web"))

        try await ClusterHarness.run([engine], change: { $0.stepTimeout = .seconds(60) }) { cluster in
            try await cluster.waitUntilHealthy()
            engine.update { $0.hanging = ["/containers/aaaa/"] }
            for _ in 0..<10 {
                engine.emit("container", "start", "aaaa")
            }

            engine.add(.init(id: "bbbb", name: "db"))

            try await cluster.wait("the other one is known") { $0.nodes[0].containers["bbbb"] != nil }
        }
    }

    @Test(
        "an engine that answers garbage or is too old is not healthy, and says why",
        arguments: [
            (garbage: "<html>" as String?, version: "1.41", reason: "to a ping"),
            (garbage: nil, version: "1.10", reason: "1.24 is needed"),
        ]
    )
    func unusable(garbage: String?, version: String, reason: String) async throws {
        let engine = StubEngine(name: "n1")
        engine.update {
            $0.garbage = garbage
            $0.apiVersion = version
        }

        try await ClusterHarness.run([engine]) { cluster in
            try await cluster.wait("it is unhealthy") { $0.nodes[0].status == .unhealthy }

            #expect(cluster.snapshot.nodes[0].reason?.contains(reason) == true)
        }
    }

    @Test("two engines with one name and one id both work, under two names, and say so")
    func duplicates() async throws {
        let engines = [StubEngine(name: "n1", id: "same"), StubEngine(name: "n1", id: "same")]

        try await ClusterHarness.run(engines) { cluster in
            try await cluster.waitUntilHealthy()

            #expect(Set(cluster.snapshot.nodes.map(\.name)).count == 2)
            #expect(cluster.snapshot.nodes.allSatisfy { $0.warning?.contains("same") == true })
        }
    }

    @Test("a node that leaves discovery is removed, and a failing discovery removes nobody")
    func membership() async throws {
        let engines = [StubEngine(name: "n1"), StubEngine(name: "n2")]
        engines[1].add(.init(id: "aaaa", name: "web"))

        try await ClusterHarness.run(engines) { cluster in
            try await cluster.waitUntilHealthy()
            cluster.discoveryFailed("the store is down")
            #expect(cluster.snapshot.nodes.count == 2)
            guard case .stale("the store is down", _) = cluster.snapshot.discovery else {
                Issue.record("\(cluster.snapshot.discovery)")
                return
            }

            cluster.setMembers([engines[0].address])

            #expect(cluster.snapshot.nodes.map(\.name) == ["n1"])
            #expect(cluster.snapshot.discovery == .fresh)
            guard case .missing = cluster.container("web") else {
                Issue.record("the container of the removed node is still found")
                return
            }
        }
    }

    @Test("a waiting node is tried at once when it registers again")
    func nudge() async throws {
        let engine = StubEngine(name: "n1")
        let slow: (inout ClusterConfiguration) -> Void = {
            $0.backoffStart = .seconds(600)
            $0.backoffLimit = .seconds(600)
        }

        try await ClusterHarness.run([engine], change: slow) { cluster in
            try await cluster.waitUntilHealthy()
            try await engine.kill()
            try await cluster.wait("the node is disconnected") { $0.nodes[0].status == .disconnected }
            try await engine.start()

            cluster.nudge(engine.address)

            try await cluster.waitUntilHealthy()
        }
    }
}
