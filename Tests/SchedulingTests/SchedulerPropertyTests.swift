// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Scheduling
import Testing

/// Random clusters and requests, with seeds that repeat.
struct SchedulerPropertyTests {
    @Test("a placement never breaks a hard filter, and an error names only filters that did reject")
    func hardFilters() throws {
        let filters = try PlacementFilters.make()
        let scheduler = try Scheduler()
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<3000 {
            let nodes = (0..<Int.random(in: 1...8, using: &generator)).map { randomNode($0, using: &generator) }
            let request = try randomRequest(using: &generator)

            do throws(SchedulingError) {
                let chosen = nodes[try scheduler.choose(for: request, among: nodes, using: &generator)]

                let hard = request.withoutSoftExpressions
                #expect(filters.allSatisfy { $0.rejection(of: chosen, for: hard) == nil })
            } catch .everyNodeRejected(_, _, let rejections, _) {
                #expect(rejections.count == nodes.count)
                for (node, rejection) in zip(nodes, rejections) {
                    let filter = try #require(filters.first { $0.name == rejection.filter })
                    #expect(filter.rejection(of: node, for: request.withoutSoftExpressions) == rejection.reason)
                }
            } catch {
                #expect(nodes.allSatisfy { $0.problem != nil || $0.isCordoned })
            }
        }
    }

    @Test("spread never differs by more than one container on equal nodes")
    func spreadIsEven() throws {
        let scheduler = try Scheduler(strategy: "spread")
        var generator = SeededGenerator(seed: 2)
        for size in 1...40 {
            var nodes = (0..<size).map { NodeSnapshot(name: "n\($0)", capacity: Resources(memory: 1 << 40)) }
            let request = PlacementRequest(claim: Resources(memory: Int64.random(in: 0...1 << 20, using: &generator)))
            for number in 0..<(size * 3 + 1) {
                let index = try scheduler.choose(for: request, among: nodes, using: &generator)
                nodes[index].containers["\(number)"] = NodeContainer(id: "\(number)", name: "")
                nodes[index].reserved += request.claim
                let counts = nodes.map(\.containers.count)
                #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
            }
        }
    }

    @Test("binpack never opens a node while a used one fits")
    func binpackPacks() throws {
        let scheduler = try Scheduler(strategy: "binpack", overcommit: 0)
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            var nodes = (0..<6).map { NodeSnapshot(name: "n\($0)", capacity: Resources(memory: 1000)) }
            for number in 0..<30 {
                let claim = Resources(memory: Int64.random(in: 1...400, using: &generator))
                let used = nodes.filter { !$0.containers.isEmpty }
                guard let index = try? scheduler.choose(for: .init(claim: claim), among: nodes, using: &generator)
                else {
                    break
                }
                let opensANode = nodes[index].containers.isEmpty
                #expect(!opensANode || used.allSatisfy { $0.reserved.memory + claim.memory > 1000 })
                nodes[index].containers["\(number)"] = NodeContainer(id: "\(number)", name: "")
                nodes[index].reserved += claim
            }
        }
    }

    private func randomNode(_ number: Int, using generator: inout SeededGenerator) -> NodeSnapshot {
        var node = NodeSnapshot(name: "n\(number)", capacity: Resources(nanoCPUs: 4000, memory: 4000))
        node.problem = Int.random(in: 0..<6, using: &generator) == 0 ? "Disconnected" : nil
        node.isCordoned = Int.random(in: 0..<6, using: &generator) == 0
        node.labels["storage"] = ["ssd", "disk", nil].randomElement(using: &generator) ?? nil
        node.labels["containerslots"] = ["1", "3", nil].randomElement(using: &generator) ?? nil
        node.reserved = Resources(
            nanoCPUs: Int64.random(in: 0...4000, using: &generator),
            memory: Int64.random(in: 0...4000, using: &generator)
        )
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let id = "c\(Int.random(in: 0...5, using: &generator))"
            node.containers[id] = NodeContainer(id: id, name: id, labels: ["tier": "web"])
            node.ports[HostPort(UInt16.random(in: 80...83, using: &generator))] = id
        }
        return node
    }

    private func randomRequest(using generator: inout SeededGenerator) throws -> PlacementRequest {
        var request = PlacementRequest(name: "new")
        request.claim = Resources(
            nanoCPUs: Int64.random(in: 0...2000, using: &generator),
            memory: Int64.random(in: 0...2000, using: &generator)
        )
        if Bool.random(using: &generator) {
            request.ports = [HostPort(UInt16.random(in: 80...83, using: &generator))]
        }
        let constraints = ["storage==ssd", "storage!=ssd", "storage==~tape", "node==/n[0-3]/"]
        if Bool.random(using: &generator), let text = constraints.randomElement(using: &generator) {
            request.constraints = [try PlacementExpression(parsing: text)]
        }
        let affinities = ["container==c1", "container!=c2", "tier==web", "tier!=web", "container==~c3"]
        if Bool.random(using: &generator), let text = affinities.randomElement(using: &generator) {
            request.affinities = [try PlacementExpression(parsing: text)]
        }
        if Int.random(in: 0..<4, using: &generator) == 0 {
            request.dependencies = [Dependency(.link, container: "c1")]
        }
        return request
    }
}
