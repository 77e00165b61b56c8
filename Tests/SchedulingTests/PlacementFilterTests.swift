// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Scheduling
import SwarmCore
import Testing

/// The examples of classic swarm's documentation of filters.
struct PlacementFilterTests {
    private static let ssd = NodeSnapshot(
        name: "node-1",
        labels: ["storage": "ssd", "region": "us-east", "operatingsystem": "Debian 12"],
        containers: [
            NodeContainer(id: "87c4376856a8aaaa", name: "frontend", labels: ["com.example.type": "frontend"])
        ],
        images: ["sha256:aa", "redis:7", "redis"]
    )
    private static let disk = NodeSnapshot(
        id: "ID2",
        name: "node-2",
        labels: ["storage": "disk", "region": "eu"],
        containers: [NodeContainer(id: "bb", name: "db")],
        images: ["mysql:8", "mysql"]
    )

    /// The nodes that stay, by name.
    private func candidates(_ request: PlacementRequest, filter: any PlacementFilter) -> [String] {
        [Self.ssd, Self.disk].filter { filter.rejection(of: $0, for: request) == nil }.map(\.name)
    }

    @Test(
        "constraints compare node, labels and the engine's facts",
        arguments: [
            (text: "storage==ssd", stay: ["node-1"]),
            (text: "storage!=ssd", stay: ["node-2"]),
            (text: "region==us*", stay: ["node-1"]),
            (text: "region!=us*", stay: ["node-2"]),
            (text: "node==node-2", stay: ["node-2"]),
            (text: "node==ID2", stay: ["node-2"]),
            (text: "node==/node-[12]/", stay: ["node-1", "node-2"]),
            (text: "operatingsystem==*Debian*", stay: ["node-1"]),
            (text: "zone==a", stay: []),
        ]
    )
    func constraints(text: String, stay: [String]) throws {
        let request = PlacementRequest(constraints: [try PlacementExpression(parsing: text)])

        #expect(candidates(request, filter: ConstraintFilter()) == stay)
    }

    @Test(
        "affinities compare containers, images and labels of containers",
        arguments: [
            (text: "container==frontend", stay: ["node-1"]),
            (text: "container!=frontend", stay: ["node-2"]),
            (text: "container==87c4376856a8", stay: ["node-1"]),
            (text: "container==87c4376856a8aaaa", stay: ["node-1"]),
            (text: "container==front*", stay: ["node-1"]),
            (text: "image==redis", stay: ["node-1"]),
            (text: "image==redis:7", stay: ["node-1"]),
            (text: "image==sha256:aa", stay: ["node-1"]),
            (text: "image!=redis", stay: ["node-2"]),
            (text: "com.example.type==frontend", stay: ["node-1"]),
            (text: "com.example.type!=frontend", stay: ["node-2"]),
            (text: "com.example.type==/front|back/", stay: ["node-1"]),
        ]
    )
    func affinities(text: String, stay: [String]) throws {
        let request = PlacementRequest(affinities: [try PlacementExpression(parsing: text)])

        #expect(candidates(request, filter: AffinityFilter()) == stay)
    }

    @Test(
        "dependencies are met where all of them are",
        arguments: [
            (dependencies: [Dependency(.volumesFrom, container: "frontend")], stay: ["node-1"]),
            (dependencies: [Dependency(.link, container: "db")], stay: ["node-2"]),
            (dependencies: [Dependency(.network, container: "87c4376856a8")], stay: ["node-1"]),
            (
                dependencies: [Dependency(.process, container: "db"), Dependency(.ipc, container: "db")],
                stay: ["node-2"]
            ),
            (dependencies: [Dependency(.link, container: "db"), Dependency(.ipc, container: "frontend")], stay: []),
        ]
    )
    func dependencies(dependencies: [Dependency], stay: [String]) {
        let request = PlacementRequest(dependencies: dependencies)

        #expect(candidates(request, filter: DependencyFilter()) == stay)
    }

    @Test(
        "two addresses never clash, every address clashes with any",
        arguments: [
            (wanted: HostPort(80), taken: HostPort(80), clashes: true),
            (wanted: HostPort(81), taken: HostPort(80), clashes: false),
            (wanted: HostPort(80, .udp), taken: HostPort(80), clashes: false),
            (wanted: HostPort(80, address: "10.0.0.1"), taken: HostPort(80), clashes: true),
            (wanted: HostPort(80, address: "0.0.0.0"), taken: HostPort(80, address: "10.0.0.1"), clashes: true),
            (wanted: HostPort(80, address: "10.0.0.1"), taken: HostPort(80, address: "10.0.0.2"), clashes: false),
        ]
    )
    func ports(wanted: HostPort, taken: HostPort, clashes: Bool) {
        var node = NodeSnapshot(name: "n")
        node.add(NodeContainer(id: "a", name: "old"), ports: [taken])

        let reason = PortFilter().rejection(of: node, for: PlacementRequest(ports: [wanted]))

        #expect((reason != nil) == clashes)
        #expect(!clashes || reason == .fact("port \(wanted) is taken", example: "\"old\""))
    }

    @Test("slots count every container, and a label that is no number is ignored")
    func slots() {
        var node = Self.ssd
        node.labels["containerslots"] = "1"
        #expect(SlotsFilter().rejection(of: node, for: PlacementRequest()) != nil)

        node.labels["containerslots"] = "2"
        #expect(SlotsFilter().rejection(of: node, for: PlacementRequest()) == nil)

        node.labels["containerslots"] = "few"
        #expect(SlotsFilter().rejection(of: node, for: PlacementRequest()) == nil)
    }

    @Test(
        "a node is never filled beyond its capacity and the overcommit",
        arguments: [
            (reserved: Int64(0), claim: Int64(1000), overcommit: 0.0, fits: true),
            (reserved: 0, claim: 1001, overcommit: 0.0, fits: false),
            (reserved: 500, claim: 550, overcommit: 0.05, fits: true),
            (reserved: 500, claim: 551, overcommit: 0.05, fits: false),
            (reserved: 500, claim: Int64.max, overcommit: 0.05, fits: false),
            (reserved: 2000, claim: 0, overcommit: 0.05, fits: true),
        ]
    )
    func resources(reserved: Int64, claim: Int64, overcommit: Double, fits: Bool) {
        let filter = ResourcesFilter(overcommit: overcommit)
        let memory = NodeSnapshot(
            name: "n",
            capacity: Resources(memory: 1000),
            reserved: Resources(memory: reserved)
        )
        let cpus = NodeSnapshot(
            name: "n",
            capacity: Resources(nanoCPUs: 1000),
            reserved: Resources(nanoCPUs: reserved)
        )

        let byMemory = filter.rejection(of: memory, for: PlacementRequest(claim: Resources(memory: claim)))
        let byCPUs = filter.rejection(of: cpus, for: PlacementRequest(claim: Resources(nanoCPUs: claim)))

        #expect((byMemory == nil) == fits)
        #expect((byCPUs == nil) == fits)
    }

    @Test(
        "the platform is compared in the client's words and the kernel's",
        arguments: [
            (platform: "linux/amd64", fits: true),
            (platform: "linux/arm64/v8", fits: false),
            (platform: "amd64", fits: true),
            (platform: "windows", fits: false),
            (platform: "linux", fits: true),
        ]
    )
    func platform(platform: String, fits: Bool) {
        let node = NodeSnapshot(name: "n", labels: ["ostype": "linux", "architecture": "x86_64"])

        let reason = PlatformFilter().rejection(of: node, for: PlacementRequest(platform: platform))

        #expect((reason == nil) == fits)
    }

    @Test("a whitelist names the only nodes that may be chosen")
    func whitelist() throws {
        let request = PlacementRequest(whitelists: [try PlacementExpression(parsing: "node==node-1|node-9")])

        #expect(candidates(request, filter: WhitelistFilter()) == ["node-1"])
    }

    @Test("cordoned and unhealthy nodes are kept out")
    func health() {
        let down = NodeSnapshot(name: "n", problem: "Disconnected: connection refused")
        let cordoned = NodeSnapshot(name: "n", isCordoned: true)

        #expect(HealthFilter().rejection(of: down, for: PlacementRequest()) != nil)
        #expect(HealthFilter().rejection(of: cordoned, for: PlacementRequest()) != nil)
        #expect(HealthFilter().rejection(of: Self.ssd, for: PlacementRequest()) == nil)
    }

    @Test("an unknown filter is refused and the known ones are listed")
    func unknownFilter() throws {
        let error = try #require(throws: SchedulingError.self) { try PlacementFilters.make(names: ["healthy"]) }

        #expect(error.message.contains("health, port"))
        #expect(error.kind == .usage)
    }
}
