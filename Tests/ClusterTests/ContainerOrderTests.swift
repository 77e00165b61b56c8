// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Cluster
import DockerAPI
import Scheduling
import Testing

/// What is kept from one list to the next, and the order of nodes.
struct ContainerOrderTests {
    private struct Model {
        var core: ClusterCore
        /// Ids with the second in which each was made, by address.
        var containers: [String: [String: Int]] = [:]
        var names: [String: String] = [:]

        init() throws {
            core = ClusterCore(scheduler: try Scheduler(strategy: "spread"))
        }

        mutating func setMembers(_ numbers: Range<Int>) {
            let addresses = numbers.map { "10.0.\($0 / 250).\($0 % 250):2376" }
            _ = core.setMembers(addresses, now: 0)
            containers = containers.filter { addresses.contains($0.key) }
            names = names.filter { addresses.contains($0.key) }
            for address in addresses where names[address] == nil {
                names[address] = address
                containers[address] = [:]
            }
        }

        mutating func rename(_ address: String, _ name: String) throws {
            let info = EngineInfo(try JSON(parsing: #"{"ID":"i\#(address)","Name":"\#(name)","NCPU":4,"MemTotal":9}"#))
            let version = try #require(EngineVersion(try JSON(parsing: #"{"ApiVersion":"1.41"}"#)))
            core.describe(address, info: info, version: version)
            names[address] = core.node(at: address)?.name
        }

        mutating func put(_ id: String, made second: Int, on address: String) throws {
            let text = #"{"Id":"\#(id)","Names":["/c\#(id)"],"State":"running","Created":\#(second)}"#
            let json = try JSON(parsing: text)
            let summary = try #require(ContainerSummary(json))
            let container = ContainerState(summary: summary, claim: Resources(), ports: [], run: nil)
            core.apply(container, on: address, read: core.beginRead())
            containers[address]?[id] = second
        }

        mutating func remove(_ id: String, from address: String) {
            core.applyRemoval(of: id, on: address, read: core.beginRead())
            containers[address]?[id] = nil
        }

        /// `ID@ADDRESS`, the newest first.
        var expected: [String] {
            let all = containers.flatMap { address, ids in ids.map { ($0.value, $0.key, address) } }
            return all.sorted { $0 > $1 }.map { "\($0.1)@\($0.2)" }
        }

        func found(_ memory: OrderMemory) -> [String] {
            let order = memory.order(of: core.snapshot)
            return order.places.map { place in
                let node = order.nodes[Int(place.node)]
                return "\(node.containers[Int(place.position)].id)@\(node.node.address)"
            }
        }
    }

    @Test("a list is in order after every change of containers and of nodes")
    func changes() throws {
        var model = try Model()
        let memory = OrderMemory()
        var generator = SystemRandomNumberGenerator()
        model.setMembers(0..<9)
        for step in 0..<400 {
            let address = try #require(model.containers.keys.sorted().randomElement(using: &generator))
            switch step % 50 {
            case 17: model.setMembers(0..<(6 + step / 50))
            case 33: try model.rename(address, "n\(step)")
            case let rest where rest % 3 == 2:
                if let id = model.containers[address]?.keys.sorted().first {
                    model.remove(id, from: address)
                }
            default:
                // Few seconds, so that many are made in the same one.
                try model.put(String(step, radix: 16), made: Int.random(in: 0..<20, using: &generator), on: address)
            }
            // Several changes between two lists, too.
            if step % 4 != 1 {
                #expect(model.found(memory) == model.expected)
            }
        }
        #expect(model.found(memory) == model.found(OrderMemory()))
    }

    @Test("nodes are sorted by name whenever they get one, and are found by address and by position")
    func nodes() throws {
        var model = try Model()
        model.setMembers(0..<700)
        for (step, address) in model.names.keys.shuffled().enumerated() {
            try model.rename(address, "node-\(Int.random(in: 0..<100))-\(step)")
            if step == 400 {
                model.setMembers(150..<900)
            }
            if step % 100 == 99 || step > 690 {
                let nodes = model.core.snapshot.nodes
                let expected = model.names.map { ($0.value, $0.key) }.sorted { $0 < $1 }
                #expect(nodes.map(\.name) == expected.map(\.0))
                #expect(nodes.indices.map { nodes[$0].address } == expected.map(\.1))
                #expect(expected.allSatisfy { model.core.snapshot.node(address: $0.1)?.name == $0.0 })
                #expect(expected.allSatisfy { model.core.snapshot.hasNode(named: $0.0) })
            }
        }
        let before = model.core.snapshot.nodes.map(\.address)
        let kept = model.core.snapshot
        model.setMembers(0..<0)
        #expect(model.core.snapshot.nodes.isEmpty)
        #expect(kept.nodes.map(\.address) == before)
    }
}
