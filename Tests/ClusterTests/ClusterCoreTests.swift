// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Cluster
import DockerAPI
import Scheduling
import Testing

/// The state without connections: orders of events that a network makes rare.
struct ClusterCoreTests {
    /// A core with healthy nodes of 4 CPUs and 4 GB.
    private func core(_ count: Int, strategy: String = "spread") throws -> ClusterCore {
        var core = ClusterCore(scheduler: try Scheduler(strategy: strategy))
        let addresses = (1...count).map { "10.0.0.\($0):2376" }
        _ = core.setMembers(addresses, now: 0)
        for (number, address) in addresses.enumerated() {
            let info = try JSON(parsing: #"{"ID":"i\#(number)","Name":"n\#(number)","NCPU":4,"MemTotal":4000000000}"#)
            let version = try #require(EngineVersion(try JSON(parsing: #"{"ApiVersion":"1.41"}"#)))
            core.describe(address, info: EngineInfo(info), version: version)
            core.setStatus(.healthy, reason: nil, of: address, now: 1)
        }
        return core
    }

    private func container(_ id: String, name: String, claim: Resources = Resources(), ports: [HostPort] = []) throws
        -> ContainerState
    {
        let json = try JSON(parsing: #"{"Id":"\#(id)","Names":["/\#(name)"],"State":"running"}"#)
        return ContainerState(
            summary: try #require(ContainerSummary(json)),
            claim: claim,
            ports: ports,
            run: nil
        )
    }

    @Test("a full list that was asked for before a container was made does not remove it")
    func lateList() throws {
        var core = try core(1)
        let early = core.beginRead()
        let late = core.beginRead()

        core.apply(try container("a", name: "web"), on: "10.0.0.1:2376", read: late)
        core.apply(all: [], on: "10.0.0.1:2376", read: early)
        #expect(core.snapshot.nodes[0].containers.count == 1)

        core.applyRemoval(of: "a", on: "10.0.0.1:2376", read: core.beginRead())
        core.apply(try container("a", name: "web"), on: "10.0.0.1:2376", read: late)
        #expect(core.snapshot.nodes[0].containers.isEmpty)
    }

    @Test("a reservation of a container that was gone before it was read is let go by the next full list")
    func vanishedContainer() throws {
        var core = try core(1)
        let reservation = try core.reserve(PlacementRequest(name: "web", claim: Resources(memory: 5)), excluding: [])

        core.commit(reservation.token, containerID: "a")
        #expect(core.snapshot.nodes[0].reserved.memory == 5)
        core.apply(all: [], on: "10.0.0.1:2376", read: core.beginRead())

        #expect(core.snapshot.nodes[0].reserved.memory == 0)
        #expect(throws: Never.self) { try core.holdName("web") }
    }

    @Test("a port stays taken while another container claims it too")
    func sharedPort() throws {
        var core = try core(1)
        let address = "10.0.0.1:2376"
        core.apply(try container("a", name: "old", ports: [HostPort(80)]), on: address, read: core.beginRead())
        core.apply(try container("b", name: "new", ports: [HostPort(80)]), on: address, read: core.beginRead())

        core.applyRemoval(of: "a", on: address, read: core.beginRead())
        #expect(core.placement(at: address)?.ports.holder(of: HostPort(80)) == "new")

        core.applyRemoval(of: "b", on: address, read: core.beginRead())
        #expect(core.placement(at: address)?.ports.isEmpty == true)
    }

    @Test("a container that is renamed is found by its new name only")
    func rename() throws {
        var core = try core(1)
        core.apply(try container("a", name: "old"), on: "10.0.0.1:2376", read: core.beginRead())

        core.apply(try container("a", name: "new"), on: "10.0.0.1:2376", read: core.beginRead())

        guard case .missing = core.lookup("old"), case .found = core.lookup("new") else {
            Issue.record("the directory is not in step")
            return
        }
    }

    @Test("sums are those of the containers and reservations, whatever order things happen in")
    func sums() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var core = try core(3)
            var held: [Reservation] = []
            var made = 0
            for step in 0..<60 {
                let claim = Resources(nanoCPUs: .random(in: 0...100), memory: .random(in: 0...100))
                let port = HostPort(UInt16.random(in: 1...20))
                switch Int.random(in: 0..<5, using: &generator) {
                case 0, 1:
                    let request = PlacementRequest(name: "r\(step)", claim: claim, ports: [port])
                    held += (try? core.reserve(request, excluding: [])).map { [$0] } ?? []
                case 2:
                    guard let reservation = held.popLast() else { continue }
                    core.release(reservation.token)
                case 3:
                    guard let reservation = held.popLast() else { continue }
                    made += 1
                    core.commit(reservation.token, containerID: "c\(made)")
                    let state = try container("c\(made)", name: "m\(made)", claim: claim, ports: [port])
                    core.apply(state, on: reservation.address, read: core.beginRead())
                default:
                    let node = core.snapshot.nodes[Int.random(in: 0..<3, using: &generator)]
                    guard let id = node.containers.keys.sorted().first else { continue }
                    core.applyRemoval(of: id, on: node.address, read: core.beginRead())
                }
                check(core, held: held.count)
            }
            for reservation in held {
                core.release(reservation.token)
            }
            check(core, held: 0)
        }
    }

    private func check(_ core: ClusterCore, held: Int) {
        let containers = core.snapshot.nodes.reduce(0) { $0 + $1.containers.count }
        let placements = core.snapshot.nodes.compactMap { core.placement(at: $0.address) }
        #expect(placements.reduce(0) { $0 + $1.containers.count } == containers + held)
        for (node, placement) in zip(core.snapshot.nodes, placements) {
            let sum = node.containers.values.reduce(Resources()) { $0 + $1.claim }
            #expect(node.reserved == placement.reserved)
            #expect(held > 0 || placement.reserved == sum)
            #expect(held > 0 || placement.ports.ports == Set(node.containers.values.flatMap(\.ports)))
        }
    }

    @Test("the cluster's own containers count as no load, so that users' containers spread evenly")
    func overhead() throws {
        var core = try core(3)
        for (number, names) in [["a", "m"], ["a"], ["a"]].enumerated() {
            for name in names {
                let json = #"{"Id":"\#(name)\#(number)","Names":["/\#(name)"],"State":"running","Image":"swarmd:1"}"#
                let summary = try #require(ContainerSummary(try JSON(parsing: json)))
                let own = ContainerState(summary: summary, claim: Resources(), ports: [], run: nil)
                core.apply(own, on: "10.0.0.\(number + 1):2376", read: core.beginRead())
            }
        }

        var nodes: [String: Int] = [:]
        for number in 1...6 {
            nodes[try core.reserve(PlacementRequest(name: "c\(number)"), excluding: []).nodeName, default: 0] += 1
        }

        #expect(nodes == ["n0": 2, "n1": 2, "n2": 2])
    }

    @Test(
        "an affinity finds an image by id, short id, tag, digest and repository",
        arguments: [
            "sha256:06a1f75304ba07aa", "06a1f75304ba07aa", "06a1f75304ba", "reg:5000/redis:7", "reg:5000/redis",
            "reg:5000/redis@sha256:dd", "*redis*",
        ]
    )
    func imageNames(name: String) throws {
        var core = try core(3)
        let json =
            #"{"Id":"sha256:06a1f75304ba07aa","RepoTags":["reg:5000/redis:7"],"#
            + #""RepoDigests":["reg:5000/redis@sha256:dd"]}"#
        let image = try #require(ImageSummary(try JSON(parsing: json)))
        core.setImages([image], of: "10.0.0.2:2376", now: 1, read: core.beginRead())

        let wanted = PlacementRequest(affinities: [try PlacementExpression(parsing: "image==\(name)")])

        #expect(try core.reserve(wanted, excluding: []).nodeName == "n1")
    }

    @Test("devices are read from what an engine says of itself")
    func devices() throws {
        var core = try core(1)
        let info =
            #"{"ID":"i0","Name":"n0","NCPU":4,"MemTotal":4000000000,"Runtimes":{"runc":{},"nvidia":{}},"#
            + #""GenericResources":[{"NamedResourceSpec":{"Kind":"NVIDIA-GPU","Value":"GPU-1"}},"#
            + #"{"DiscreteResourceSpec":{"Kind":"fpga","Value":2}}],"#
            + #""DiscoveredDevices":[{"Source":"cdi","ID":"vendor.com/net=eth7"}]}"#
        let version = try #require(EngineVersion(try JSON(parsing: #"{"ApiVersion":"1.41"}"#)))

        core.describe("10.0.0.1:2376", info: EngineInfo(try JSON(parsing: info)), version: version)

        let devices = core.placement(at: "10.0.0.1:2376")?.devices
        #expect(devices?.named == ["NVIDIA-GPU": ["GPU-1"], "vendor.com/net": ["eth7"]])
        #expect(devices?.counted == ["fpga": 2])
        #expect(devices?.runtimes == ["runc", "nvidia"])
        #expect(devices?.hasUnlistedCDI == false)
    }

    @Test("one certificate on two hosts is a copy only where it stands for a host and not for addresses")
    func twins() throws {
        var core = try core(2)
        let version = try #require(EngineVersion(try JSON(parsing: #"{"ApiVersion":"1.41"}"#)))
        func peer(_ serial: UInt8, isElsewhere: Bool) -> EnginePeer {
            EnginePeer(name: "n", names: [], serial: [serial], notAfter: 0, isElsewhere: isElsewhere)
        }
        let info = EngineInfo(try JSON(parsing: #"{"ID":"i1","Name":"n1"}"#))
        core.describe("10.0.0.1:2376", info: info, version: version, peer: peer(1, isElsewhere: false))

        #expect(core.twin(of: "10.0.0.2:2376", peer(1, isElsewhere: true))?.address == "10.0.0.1:2376")
        #expect(core.twin(of: "10.0.0.2:2376", peer(1, isElsewhere: false)) == nil)
        #expect(core.twin(of: "10.0.0.2:2376", peer(2, isElsewhere: true)) == nil)
        #expect(core.twin(of: "10.0.0.1:2376", peer(1, isElsewhere: true)) == nil)
        core.setStatus(.disconnected, reason: "gone", of: "10.0.0.1:2376", now: 2)
        #expect(core.twin(of: "10.0.0.2:2376", peer(1, isElsewhere: true)) == nil)
        core.setStatus(.healthy, reason: nil, of: "10.0.0.1:2376", now: 3)
        core.describe("10.0.0.1:2376", info: info, version: version, peer: peer(3, isElsewhere: false))
        #expect(core.twin(of: "10.0.0.2:2376", peer(1, isElsewhere: true)) == nil)
        _ = core.setMembers(["10.0.0.2:2376"], now: 4)
        #expect(core.twin(of: "10.0.0.2:2376", peer(3, isElsewhere: true)) == nil)
    }

    @Test("a rename of an engine moves its node to where its name belongs")
    func order() throws {
        var core = try core(200)
        #expect(core.snapshot.nodes.map(\.name) == (0..<200).map { "n\($0)" }.sorted())

        let version = try #require(EngineVersion(try JSON(parsing: #"{"ApiVersion":"1.41"}"#)))
        core.describe("10.0.0.150:2376", info: EngineInfo(try JSON(parsing: #"{"Name":"a"}"#)), version: version)

        #expect(core.snapshot.nodes.first?.address == "10.0.0.150:2376")
        #expect(core.node(at: "10.0.0.150:2376")?.name == "a")
        #expect(core.node(at: "10.0.0.200:2376")?.name == "n199")
        #expect(core.setMembers(["10.0.0.9:2376"], now: 2).removed.count == 199)
        #expect(core.snapshot.nodes.map(\.name) == ["n8"])
    }
}
