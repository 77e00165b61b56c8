// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Scheduling
import SwarmCore
import Testing

/// The examples of classic swarm's page on strategies.
@Suite("classic swarm's page on strategies")
struct ClassicStrategyExamplesTests {
    private static let gib: Int64 = 1 << 30
    private let oneGiB = PlacementRequest(claim: Resources(memory: gib))

    /// Two nodes with 2 GiB and 2 CPUs each.
    private var nodes: [NodeSnapshot] {
        ["node-1", "node-2"].map {
            NodeSnapshot(name: $0, capacity: Resources(nanoCPUs: 2_000_000_000, memory: 2 * Self.gib))
        }
    }

    @Test("spread: db with 1 GiB goes to one node, frontend with 1 GiB to the other")
    func spread() throws {
        var board = try PlacementBoard(nodes, strategy: "spread")

        let placed = try board.place([oneGiB, oneGiB])

        #expect(placed[0] != placed[1])
    }

    @Test("spread: nodes with the same amounts free are told apart by their containers, stopped ones too")
    func spreadByCount() throws {
        var nodes = nodes
        nodes[0].add(NodeContainer(id: "a", name: "stopped"))
        var board = try PlacementBoard(nodes, strategy: "spread")

        #expect(try board.place(PlacementRequest()) == "node-2")
    }

    @Test("binpack: db and frontend share a node, which leaves another for a container with 2 GiB")
    func binpack() throws {
        var board = try PlacementBoard(nodes, strategy: "binpack")

        let placed = try board.place([oneGiB, oneGiB, PlacementRequest(claim: Resources(memory: 2 * Self.gib))])

        #expect(placed[0] == placed[1])
        #expect(placed[2] != placed[0])
    }

    @Test("binpack: nodes with the same amounts free are told apart by their containers: the most win")
    func binpackByCount() throws {
        var nodes = nodes
        nodes[1].add(NodeContainer(id: "a", name: "stopped"))
        var board = try PlacementBoard(nodes, strategy: "binpack")

        #expect(try board.place(PlacementRequest()) == "node-2")
    }

    @Test("random: nodes are chosen regardless of what is on them, but not beyond what they have")
    func random() throws {
        var nodes = nodes
        nodes[0].reserved.memory = Self.gib
        var board = try PlacementBoard(nodes, strategy: "random")

        let placed = try board.place(Array(repeating: PlacementRequest(), count: 100))

        #expect(Set(placed).count == 2)
        #expect(board.candidates(PlacementRequest(claim: Resources(memory: 2 * Self.gib))) == ["node-2"])
    }

    @Test("CPUs are promised as memory is, and no more than there are")
    func cpus() throws {
        var board = try PlacementBoard(nodes, strategy: "binpack")
        let one = PlacementRequest(claim: Resources(nanoCPUs: 1_000_000_000))

        let placed = try board.place([one, one, one, one])

        #expect(placed[0] == placed[1] && placed[2] == placed[3] && placed[0] != placed[2])
        #expect(throws: SchedulingError.self) { try board.place(one) }
    }

    @Test(
        "overcommit: a node may promise that share more than it has",
        arguments: [(overcommit: 0.0, fits: 2), (overcommit: 0.05, fits: 2), (overcommit: 0.5, fits: 3)]
    )
    func overcommit(overcommit: Double, fits: Int) throws {
        var board = try PlacementBoard([nodes[0]], overcommit: overcommit)

        for _ in 0..<fits {
            try board.place(oneGiB)
        }

        let error = #expect(throws: SchedulingError.self) { try board.place(oneGiB) }
        #expect(error?.message.contains("1 GiB of memory are not free on 1 of 1 nodes") == true)
        #expect(error?.message.contains("[1 GiB memory]") == true)
    }
}
