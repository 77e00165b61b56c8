// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Scheduling
import SwarmCore
import Testing

struct SchedulerTests {
    /// Nodes with 2 GiB and 2 CPUs each.
    private func nodes(_ count: Int) -> [NodeSnapshot] {
        (1...count).map {
            NodeSnapshot(name: "node-\($0)", capacity: Resources(nanoCPUs: 2_000_000_000, memory: 2 << 30))
        }
    }

    /// Places containers one after the other and returns the names of their nodes.
    private func place(_ requests: [PlacementRequest], on nodes: inout [NodeSnapshot], strategy: String) throws
        -> [String]
    {
        let scheduler = try Scheduler(strategy: strategy)
        var generator = SeededGenerator(seed: 7)
        return try requests.enumerated().map { number, request in
            let index = try scheduler.choose(for: request, among: nodes, using: &generator)
            nodes[index].reserved += request.claim
            nodes[index].containers["c\(number)"] = NodeContainer(id: "c\(number)", name: request.name)
            for port in request.ports {
                nodes[index].ports[port] = request.name
            }
            return nodes[index].name
        }
    }

    @Test("binpack fills the node with 1 GiB, 1 GiB, then opens another (classic's example)")
    func binpackExample() throws {
        var nodes = nodes(2)
        let request = PlacementRequest(claim: Resources(memory: 1 << 30))

        let placed = try place([request, request, request], on: &nodes, strategy: "binpack")

        #expect(placed[0] == placed[1])
        #expect(placed[2] != placed[0])
    }

    @Test("spread takes the node with the fewest containers (classic's example)")
    func spreadExample() throws {
        var nodes = nodes(2)
        let request = PlacementRequest(claim: Resources(memory: 1 << 30))

        let placed = try place(
            [request, request, PlacementRequest(), PlacementRequest()],
            on: &nodes,
            strategy: "spread"
        )

        #expect(placed[0] != placed[1])
        #expect(placed[2] != placed[3])
    }

    @Test("spread over a label takes the rack with the fewest containers first")
    func spreadByLabel() throws {
        var nodes = nodes(3)
        nodes[0].labels["rack"] = "a"
        nodes[1].labels["rack"] = "a"
        nodes[2].labels["rack"] = "b"

        let requests = Array(repeating: PlacementRequest(), count: 6)
        let placed = try place(requests, on: &nodes, strategy: "spread:rack")

        #expect(placed.filter { $0 == "node-3" }.count == 3)
    }

    @Test("random reaches every node")
    func random() throws {
        var nodes = nodes(3)

        let placed = try place(Array(repeating: PlacementRequest(), count: 100), on: &nodes, strategy: "random")

        #expect(Set(placed).count == 3)
    }

    @Test("a soft condition is kept when it can be and dropped when it cannot")
    func soft() throws {
        var nodes = nodes(2)
        nodes[1].labels["storage"] = "ssd"
        let wish = PlacementRequest(constraints: [try PlacementExpression(parsing: "storage==~ssd")])
        let vain = PlacementRequest(constraints: [try PlacementExpression(parsing: "storage==~tape")])

        #expect(try place([wish, wish, wish], on: &nodes, strategy: "spread") == ["node-2", "node-2", "node-2"])
        #expect(try place([vain], on: &nodes, strategy: "spread") == ["node-1"])
    }

    @Test("a named volume draws its container, one that is nowhere does not")
    func volumes() throws {
        var nodes = nodes(2)
        nodes[1].volumes = ["data"]

        let placed = try place(
            [PlacementRequest(volumes: ["data"]), PlacementRequest(volumes: ["data", "new"])],
            on: &nodes,
            strategy: "spread"
        )

        #expect(placed == ["node-2", "node-2"])
    }

    @Test("when nothing fits the error counts nodes by reason and ends in classic's text")
    func everyNodeRejected() throws {
        var nodes = nodes(3)
        nodes[0].ports[HostPort(5432)] = "pg-old"
        nodes[1].ports[HostPort(5432)] = "pg-new"
        let request = PlacementRequest(
            name: "db",
            ports: [HostPort(5432)],
            constraints: [try PlacementExpression(parsing: "node!=node-3")]
        )

        let error = try #require(throws: SchedulingError.self) {
            try place([request], on: &nodes, strategy: "spread")
        }

        #expect(
            error.message == """
                no node can host container "db": port 5432/tcp is taken on 2 of 3 nodes (node-1: "pg-old"); \
                constraint node!=node-3 excludes node-3
                Unable to find a node that satisfies the following conditions \

                [port 5432 (Bridge mode)]
                [available container slots]
                [node!=node-3]
                """
        )
        #expect(error.kind.httpStatus == 500)
    }

    @Test("without a healthy node the error says why each one is not")
    func noHealthyNode() throws {
        var nodes = [NodeSnapshot(name: "node-1", problem: "Disconnected: connection refused")]

        let error = try #require(throws: SchedulingError.self) {
            try place([PlacementRequest()], on: &nodes, strategy: "spread")
        }

        #expect(
            error.message == "No healthy node available in the cluster (node-1: Disconnected: connection refused)"
        )
    }

    @Test("an unknown strategy is refused", arguments: ["", "spread:", "binpacking"])
    func unknownStrategy(name: String) {
        #expect(throws: SchedulingError.self) { try Scheduler(strategy: name) }
    }
}

/// A small generator with a fixed sequence (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
