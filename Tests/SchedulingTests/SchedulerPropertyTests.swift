// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Scheduling
import Testing

/// Random clusters and requests, beside a model that reads everything; the arguments are the seeds.
struct SchedulerPropertyTests {
    /// A scheduler with its table, and the model of the same cluster.
    private struct Pair {
        var model: ModelCluster
        let scheduler: Scheduler
        var table: NodeTable
        private var ties: TieBreaker
        /// By the node's name.
        var slots: [String: Int] = [:]

        init(_ model: ModelCluster, seed: UInt64) throws {
            self.model = model
            ties = TieBreaker(seed: seed)
            scheduler = try Scheduler(strategy: model.strategy, overcommit: model.overcommit)
            table = scheduler.makeTable()
            for node in model.nodes {
                slots[node.name] = table.insert(NodeSnapshot(node))
            }
        }

        /// Compares what the scheduler answers with what the model says.
        mutating func choose(_ request: ModelCluster.Request) throws -> String? {
            let best = model.best(for: request)
            let wanted = try request.placement()
            do throws(SchedulingError) {
                let slot = try scheduler.choose(for: wanted, in: &table, using: &ties)
                #expect(best.contains(table[slot].name), "\(request) is on \(table[slot].name), not on \(best)")
                return table[slot].name
            } catch {
                #expect(best.isEmpty, "\(request) fits on \(best): \(error)")
                check(error, for: request)
                return nil
            }
        }

        /// An error names each node once, with a filter that does turn it away.
        private func check(_ error: SchedulingError, for request: ModelCluster.Request) {
            var hard = request
            hard.constraints.removeAll(where: \.isSoft)
            hard.affinities.removeAll(where: \.isSoft)
            let rejections =
                switch error {
                case .noHealthyNode(let rejections), .everyNodeRejected(_, _, let rejections, _): rejections
                default: [Rejection]()
                }
            #expect(rejections.map(\.node) == model.nodes.map(\.name).sorted())
            for rejection in rejections {
                let node = model.nodes.first { $0.name == rejection.node }
                let refusals = node.map { model.refusals(of: $0, for: hard) } ?? []
                #expect(refusals.contains(rejection.filter), "\(rejection) of \(request)")
            }
        }

        /// Changes a node, in the model and in the table.
        mutating func change(_ name: String, _ change: (inout ModelCluster.Node) -> Void) {
            guard let index = model.nodes.firstIndex(where: { $0.name == name }), let slot = slots[name] else {
                return
            }
            let old = model.nodes[index]
            change(&model.nodes[index])
            let new = model.nodes[index]
            table.update(slot) { node in
                let facts = NodeSnapshot(new)
                node.problem = facts.problem
                node.isCordoned = facts.isCordoned
                node.labels = facts.labels
                node.images = facts.images
                node.volumes = facts.volumes
                for container in old.containers where !new.containers.contains(where: { $0.id == container.id }) {
                    node.remove(container.id, claim: container.claim, ports: container.ports)
                }
                for container in new.containers where !old.containers.contains(where: { $0.id == container.id }) {
                    node.add(NodeContainer(container), claim: container.claim, ports: container.ports)
                }
            }
        }

        mutating func removeNode(_ name: String) {
            model.nodes.removeAll { $0.name == name }
            if let slot = slots.removeValue(forKey: name) {
                table.remove(slot)
            }
        }

        mutating func addNode(_ node: ModelCluster.Node) {
            model.nodes.append(node)
            slots[node.name] = table.insert(NodeSnapshot(node))
        }
    }

    @Test(
        "a placement is one of the best that no hard filter forbids, and an error names only filters that did reject",
        arguments: 1...30 as ClosedRange<UInt64>
    )
    func agreesWithTheModel(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<40 {
            var pair = try Pair(.random(most: 12, using: &generator), seed: seed)
            for _ in 0..<3 {
                _ = try pair.choose(pair.model.randomRequest(using: &generator))
            }
        }
    }

    @Test(
        "so it is while nodes come, change and go, and containers are placed and removed",
        arguments: 1...8 as ClosedRange<UInt64>
    )
    func agreesWithTheModelThroughChanges(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var pair = try Pair(.random(most: 160, using: &generator), seed: seed)
        for step in 0..<90 {
            let name = pair.model.nodes.pick(&generator).name
            switch Int.random(in: 0..<8, using: &generator) {
            case 0 where pair.model.nodes.count > 1: pair.removeNode(name)
            case 1: pair.addNode(.random(1000 + step, sizes: [4000, 1 << 34], using: &generator))
            case 2:
                let other = ModelCluster.Node.random(0, sizes: [1], using: &generator)
                pair.change(name) { node in
                    node.isDown = other.isDown
                    node.labels = other.labels
                    node.images = other.images
                    node.volumes = other.volumes
                }
            case 3: pair.change(name) { _ = $0.containers.popLast() }
            default: break
            }
            let request = pair.model.randomRequest(using: &generator)
            guard let chosen = try pair.choose(request) else {
                continue
            }
            var container = ModelCluster.Container.random(using: &generator)
            container.claim = request.claim
            container.ports = request.ports
            pair.change(chosen) { $0.containers.append(container) }
        }
    }

    @Test("spread never differs by more than one container on equal nodes", arguments: 1...40)
    func spreadIsEven(size: Int) throws {
        var generator = SeededGenerator(seed: UInt64(size))
        let nodes = (0..<size).map { NodeSnapshot(name: "n\($0)", capacity: Resources(memory: 1 << 40)) }
        var board = try PlacementBoard(nodes)
        let request = PlacementRequest(claim: Resources(memory: Int64.random(in: 0...1 << 20, using: &generator)))

        for _ in 0..<(size * 3 + 1) {
            try board.place(request)
            let counts = board.nodes.map(\.containers.count)
            #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
        }
    }

    @Test("binpack never opens a node while a used one fits", arguments: 1...100 as ClosedRange<UInt64>)
    func binpackPacks(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let nodes = (0..<6).map { NodeSnapshot(name: "n\($0)", capacity: Resources(memory: 1000)) }
        var board = try PlacementBoard(nodes, strategy: "binpack", overcommit: 0)

        for _ in 0..<30 {
            let before = board.nodes
            let claim = Resources(memory: Int64.random(in: 1...400, using: &generator))
            guard let name = try? board.place(PlacementRequest(claim: claim)) else {
                break
            }
            let used = before.filter { !$0.containers.isEmpty }
            let opensANode = !used.contains { $0.name == name }
            #expect(!opensANode || used.allSatisfy { $0.reserved.memory + claim.memory > 1000 })
        }
    }

    @Test("equal nodes are chosen equally often, however many there are", arguments: [3, 100, 200])
    func tiesAreFair(size: Int) throws {
        let nodes = (0..<size).map { NodeSnapshot(name: "n\($0)") }
        let scheduler = try Scheduler()
        var table = scheduler.makeTable()
        for node in nodes {
            _ = table.insert(node)
        }
        var ties = TieBreaker(seed: 5)
        var counts = Array(repeating: 0, count: size)

        // A reservation given back each time, as by `docker run --rm` one after the other.
        for number in 0..<(size * 50) {
            let slot = try scheduler.choose(for: PlacementRequest(), in: &table, using: &ties)
            counts[slot] += 1
            table.update(slot) { $0.add(NodeContainer(id: "\(number)", name: "")) }
            table.update(slot) { $0.remove("\(number)") }
        }

        // 50 each is expected, with a deviation of 7.
        #expect(counts.allSatisfy { (15...100).contains($0) })
    }
}
