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

    @Test("spread over a label takes the rack with the fewest containers first")
    func spreadByLabel() throws {
        var nodes = nodes(3)
        nodes[0].labels["rack"] = "a"
        nodes[1].labels["rack"] = "a"
        nodes[2].labels["rack"] = "b"
        var board = try PlacementBoard(nodes, strategy: "spread:rack")

        let placed = try board.place(Array(repeating: PlacementRequest(), count: 6))

        #expect(placed.filter { $0 == "node-3" }.count == 3)
    }

    @Test("spread over a label goes to another rack when the emptiest one has no room")
    func spreadByFullLabel() throws {
        var nodes = nodes(2)
        nodes[0].labels["rack"] = "a"
        nodes[1].labels["rack"] = "b"
        nodes[1].reserved = Resources(memory: 2 << 30)
        var board = try PlacementBoard(nodes, strategy: "spread:rack")

        let placed = try board.place(Array(repeating: PlacementRequest(claim: Resources(memory: 1 << 30)), count: 2))

        #expect(placed == ["node-1", "node-1"])
    }

    @Test("random reaches every node")
    func random() throws {
        var board = try PlacementBoard(nodes(3), strategy: "random")

        let placed = try board.place(Array(repeating: PlacementRequest(), count: 100))

        #expect(Set(placed).count == 3)
    }

    @Test("a soft condition is kept when it can be and dropped when it cannot")
    func soft() throws {
        var nodes = nodes(2)
        nodes[1].labels["storage"] = "ssd"
        var board = try PlacementBoard(nodes)
        let wish = PlacementRequest(constraints: [try PlacementExpression(parsing: "storage==~ssd")])
        let vain = PlacementRequest(constraints: [try PlacementExpression(parsing: "storage==~tape")])

        #expect(try board.place([wish, wish, wish]) == ["node-2", "node-2", "node-2"])
        #expect(try board.place(vain) == "node-1")
    }

    @Test("a named volume draws its container, one that is nowhere does not")
    func volumes() throws {
        var nodes = nodes(2)
        nodes[1].volumes = ["data"]
        var board = try PlacementBoard(nodes)

        let placed = try board.place([PlacementRequest(volumes: ["data"]), PlacementRequest(volumes: ["data", "new"])])

        #expect(placed == ["node-2", "node-2"])
    }

    @Test("when nothing fits the error counts nodes by reason and ends in classic's text")
    func everyNodeRejected() throws {
        var nodes = nodes(3)
        nodes[0].add(NodeContainer(id: "a", name: "pg-old"), ports: [HostPort(5432)])
        nodes[1].add(NodeContainer(id: "b", name: "pg-new"), ports: [HostPort(5432)])
        var board = try PlacementBoard(nodes)
        let request = PlacementRequest(
            name: "db",
            ports: [HostPort(5432)],
            constraints: [try PlacementExpression(parsing: "node!=node-3")]
        )

        let error = try #require(throws: SchedulingError.self) { try board.place(request) }

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
        var board = try PlacementBoard([NodeSnapshot(name: "node-1", problem: "Disconnected: connection refused")])

        let error = try #require(throws: SchedulingError.self) { try board.place() }

        #expect(
            error.message == "No healthy node available in the cluster (node-1: Disconnected: connection refused)"
        )
    }

    @Test("without the filter health nodes that are down are chosen too")
    func withoutHealth() throws {
        var board = try PlacementBoard([NodeSnapshot(name: "node-1", problem: "Disconnected")], filters: ["port"])

        #expect(try board.place() == "node-1")
    }

    @Test("an unknown strategy is refused", arguments: ["", "spread:", "binpacking"])
    func unknownStrategy(name: String) {
        #expect(throws: SchedulingError.self) { try Scheduler(strategy: name) }
    }
}
