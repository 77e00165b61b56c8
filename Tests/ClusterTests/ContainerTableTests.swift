// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Cluster
import DockerAPI
import Scheduling
import Testing

/// Many containers on one node, and what is kept in step with them.
struct ContainerTableTests {
    private let address = "10.0.0.1:2376"

    private func core(nodes: Int = 1) throws -> ClusterCore {
        var core = ClusterCore(scheduler: try Scheduler(strategy: "spread"))
        _ = core.setMembers((1...nodes).map { "10.0.0.\($0):2376" }, now: 0)
        return core
    }

    private func describe(_ core: inout ClusterCore, _ number: Int, name: String, highest: String) throws {
        let address = "10.0.0.\(number):2376"
        let info = EngineInfo(try JSON(parsing: #"{"ID":"i\#(number)","Name":"\#(name)","NCPU":4,"MemTotal":1000}"#))
        let version = try #require(EngineVersion(try JSON(parsing: #"{"ApiVersion":"\#(highest)"}"#)))
        core.describe(address, info: info, version: version)
        core.setStatus(.healthy, reason: nil, of: address, now: 1)
    }

    private func container(_ id: String, state: String) throws -> ContainerState {
        let json = try JSON(parsing: #"{"Id":"\#(id)","Names":["/c\#(id)"],"State":"\#(state)"}"#)
        return ContainerState(summary: try #require(ContainerSummary(json)), claim: Resources(), ports: [], run: nil)
    }

    @Test("a table holds what was put in last and was not taken out, however many there are")
    func manyContainers() throws {
        var core = try core()
        var model: [String: String] = [:]
        var generator = SystemRandomNumberGenerator()
        for step in 0..<3000 {
            let id = String(Int.random(in: 0..<900, using: &generator) &* 2_654_435_761 % 0xFFFF_FFFF, radix: 16)
            if step % 5 == 4 {
                core.applyRemoval(of: id, on: address, read: core.beginRead())
                model[id] = nil
            } else {
                let state = ["running", "exited", "created"][step % 3]
                core.apply(try container(id, state: state), on: address, read: core.beginRead())
                model[id] = state
            }
        }

        let node = try #require(core.snapshot.node(address: address))
        #expect(node.containers.count == model.count)
        #expect(Set(node.containers.keys) == Set(model.keys))
        #expect(model.allSatisfy { node.containers[$0.key]?.summary.state == $0.value })
        #expect(node.states.byState == Dictionary(grouping: model.values) { $0 }.mapValues(\.count))
        #expect(node.containers["none"] == nil)
    }

    @Test("a snapshot that was taken keeps its containers when others come")
    func snapshotStays() throws {
        var core = try core()
        for number in 0..<200 {
            core.apply(try container("\(number)", state: "running"), on: address, read: core.beginRead())
        }
        let before = core.snapshot

        core.applyRemoval(of: "7", on: address, read: core.beginRead())

        #expect(before.nodes[0].containers["7"] != nil && before.nodes[0].containers.count == 200)
        #expect(core.snapshot.nodes[0].containers["7"] == nil && core.snapshot.nodes[0].containers.count == 199)
    }

    @Test("the versions that all speak follow the nodes that are healthy")
    func versions() throws {
        var core = try core(nodes: 2)
        #expect(core.snapshot.apiVersions == nil)

        try describe(&core, 1, name: "a", highest: "1.47")
        try describe(&core, 2, name: "b", highest: "1.41")
        #expect(core.snapshot.apiVersions.map { "\($0.highest)" } == "1.41")

        core.setStatus(.disconnected, reason: "gone", of: "10.0.0.2:2376", now: 2)
        #expect(core.snapshot.apiVersions.map { "\($0.highest)" } == "1.47")

        _ = core.setMembers(["10.0.0.2:2376"], now: 3)
        #expect(core.snapshot.apiVersions == nil)
    }

    @Test("a node is found by its address, its name and its id, also after it got another name")
    func nodes() throws {
        var core = try core(nodes: 3)
        try describe(&core, 2, name: "first", highest: "1.41")
        try describe(&core, 2, name: "second", highest: "1.41")

        #expect(core.snapshot.node(address: "10.0.0.2:2376")?.name == "second")
        #expect(core.snapshot.node("second")?.address == "10.0.0.2:2376")
        #expect(core.snapshot.node("i2")?.address == "10.0.0.2:2376")
        #expect(core.snapshot.node("first") == nil)
        #expect(core.snapshot.hasNode(named: "second") && !core.snapshot.hasNode(named: "first"))

        _ = core.setMembers(["10.0.0.1:2376"], now: 3)
        #expect(core.snapshot.node(address: "10.0.0.2:2376") == nil)
    }

    @Test("an image that several nodes have counts once, until the last of them has lost it")
    func images() throws {
        var core = try core(nodes: 2)
        let image = try #require(ImageSummary(try JSON(parsing: #"{"Id":"sha256:aa","RepoTags":["a:1"]}"#)))
        core.setImages([image], of: "10.0.0.1:2376", now: 1, read: core.beginRead())
        core.setImages([image], of: "10.0.0.2:2376", now: 1, read: core.beginRead())
        #expect(core.snapshot.imageCount == 1)

        core.setImages([], of: "10.0.0.1:2376", now: 1, read: core.beginRead())
        #expect(core.snapshot.imageCount == 1)
        _ = core.setMembers(["10.0.0.1:2376"], now: 3)
        #expect(core.snapshot.imageCount == 0)
    }
}
