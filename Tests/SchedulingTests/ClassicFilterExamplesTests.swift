// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Scheduling
import SwarmCore
import Testing

/// The examples of classic swarm's page on filters, one after the other.
@Suite("classic swarm's page on filters")
struct ClassicFilterExamplesTests {
    private func nodes(_ count: Int) -> [NodeSnapshot] {
        (1...count).map { NodeSnapshot(name: "node-\($0)") }
    }

    private func constrained(_ texts: String...) throws -> PlacementRequest {
        PlacementRequest(constraints: try texts.map { try PlacementExpression(parsing: $0) })
    }

    private func attracted(_ text: String, name: String = "", labels: [String: String] = [:]) throws
        -> PlacementRequest
    {
        PlacementRequest(name: name, labels: labels, affinities: [try PlacementExpression(parsing: text)])
    }

    // MARK: constraint

    @Test("constraint: MySQL goes where storage is ssd, nginx where it is disk")
    func storage() throws {
        var nodes = nodes(2)
        nodes[0].labels["storage"] = "ssd"
        nodes[1].labels["storage"] = "disk"
        var board = try PlacementBoard(nodes)

        let placed = try board.place([constrained("storage==ssd"), constrained("storage==disk")])

        #expect(placed == ["node-1", "node-2"])
    }

    @Test("constraint: resources are applied on top of it")
    func storageAndResources() throws {
        var nodes = nodes(2)
        nodes[0].labels["storage"] = "ssd"
        nodes[0].capacity.memory = 1000
        nodes[1].capacity.memory = 1000
        var board = try PlacementBoard(nodes, overcommit: 0)
        var request = try constrained("storage==ssd")
        request.claim.memory = 600

        #expect(try board.place(request) == "node-1")
        #expect(throws: SchedulingError.self) { try board.place(request) }
    }

    @Test(
        "constraint: labels with dots, and the engine's own facts, are keys",
        arguments: [
            "com.example.environment==production", "com.example.storage==ssd", "storagedriver==overlay2",
            "executiondriver!=native", "kernelversion==6.12*", "operatingsystem==Debian*", "ostype==linux",
            "architecture==x86_64", "containerslots==4", "node==node-1", "node==ID-1",
        ]
    )
    func keys(text: String) throws {
        var nodes = nodes(2)
        nodes[0].id = "ID-1"
        nodes[0].labels = [
            "com.example.environment": "production", "com.example.storage": "ssd", "storagedriver": "overlay2",
            "executiondriver": "", "kernelversion": "6.12.9-amd64", "operatingsystem": "Debian GNU/Linux 12",
            "ostype": "linux", "architecture": "x86_64", "containerslots": "4",
        ]
        nodes[1].labels = ["executiondriver": "native"]
        var board = try PlacementBoard(nodes)

        #expect(try board.candidates(constrained(text)) == ["node-1"])
    }

    // MARK: health, containerslots

    @Test("health: a node that is down or cordoned gets nothing")
    func health() throws {
        var nodes = nodes(3)
        nodes[0].problem = "Disconnected: connection refused"
        nodes[1].isCordoned = true
        var board = try PlacementBoard(nodes)

        #expect(try board.place([PlacementRequest(), PlacementRequest()]) == ["node-3", "node-3"])
    }

    @Test("containerslots: a node with three slots takes three containers, running or not")
    func slots() throws {
        var nodes = nodes(1)
        nodes[0].labels["containerslots"] = "3"
        var board = try PlacementBoard(nodes)

        let placed = try board.place(Array(repeating: PlacementRequest(), count: 3))
        let error = #expect(throws: SchedulingError.self) { try board.place() }

        #expect(placed == ["node-1", "node-1", "node-1"])
        #expect(error?.message.contains("all container slots are taken on 1 of 1 nodes (node-1: 3 of 3)") == true)
        #expect(error?.message.contains("[available container slots]") == true)
    }

    // MARK: affinity

    @Test("affinity: logger goes beside frontend", arguments: ["frontend", "87c4376856a8", "87c4376856a8aaaa", "fro*"])
    func name(reference: String) throws {
        var nodes = nodes(3)
        nodes[0].add(NodeContainer(id: "87c4376856a8aaaa", name: "frontend"))
        var board = try PlacementBoard(nodes)

        #expect(try board.place(attracted("container==\(reference)", name: "logger")) == "node-1")
    }

    @Test("affinity: eight redis spread over the two nodes that have the image", arguments: ["redis", "06a1f75304ba"])
    func image(reference: String) throws {
        var nodes = nodes(3)
        let redis: Set<String> = ["sha256:06a1f75304ba07", "06a1f75304ba07", "06a1f75304ba", "redis:latest", "redis"]
        nodes[0].images = redis
        nodes[1].images = ["mysql:latest", "mysql"]
        nodes[2].images = redis
        var board = try PlacementBoard(nodes)

        let placed = try board.place(Array(repeating: attracted("image==\(reference)"), count: 8))

        #expect(placed.filter { $0 == "node-1" }.count == 4)
        #expect(placed.filter { $0 == "node-3" }.count == 4)
    }

    @Test("affinity: a container goes beside one with the label")
    func label() throws {
        var board = try PlacementBoard(nodes(3))
        let frontend = try board.place(PlacementRequest(labels: ["com.example.type": "frontend"]))

        let placed = try board.place(attracted("com.example.type==frontend"))

        #expect(placed == frontend)
    }

    @Test("affinity: what no node meets is refused when hard, ignored when soft")
    func vain() throws {
        var board = try PlacementBoard(nodes(2))

        #expect(throws: SchedulingError.self) { try board.place(attracted("container==nosuch")) }
        #expect(throws: Never.self) { try board.place(attracted("container==~nosuch")) }
    }

    // MARK: dependency

    @Test(
        "dependency: a container goes where the one is that it depends on",
        arguments: [Dependency.Option.volumesFrom, .link, .network, .process, .ipc]
    )
    func dependency(option: Dependency.Option) throws {
        var nodes = nodes(3)
        nodes[1].add(NodeContainer(id: "f8b693db9cd6f8b6", name: "dependency"))
        var board = try PlacementBoard(nodes)

        for reference in ["dependency", "f8b693db9cd6", "f8b69"] {
            let request = PlacementRequest(dependencies: [Dependency(option, container: reference)])
            #expect(board.candidates(request) == ["node-2"])
        }
        let missing = PlacementRequest(dependencies: [Dependency(option, container: "nosuch")])
        #expect(throws: SchedulingError.self) { try board.place(missing) }
    }

    @Test("dependency: --volumes-from=A --net=container:B needs both on one node")
    func combination() throws {
        var nodes = nodes(3)
        nodes[0].add(NodeContainer(id: "a1", name: "A"))
        nodes[1].add(NodeContainer(id: "b1", name: "B"))
        var board = try PlacementBoard(nodes)
        let request = PlacementRequest(dependencies: [
            Dependency(.volumesFrom, container: "A"), Dependency(.network, container: "B"),
        ])

        let error = #expect(throws: SchedulingError.self) { try board.place(request) }
        #expect(error?.message.contains("[--volumes-from=A]\n[--net=container:B]") == true)

        nodes[2].add(NodeContainer(id: "a2", name: "A"))
        nodes[2].add(NodeContainer(id: "b2", name: "B"))
        board = try PlacementBoard(nodes)
        #expect(try board.place(request) == "node-3")
    }

    @Test("dependency: a node without the resources is no way out")
    func dependencyAndResources() throws {
        var nodes = nodes(2)
        nodes[0].capacity.memory = 100
        nodes[1].capacity.memory = 1000
        nodes[0].add(NodeContainer(id: "a1", name: "A"))
        var board = try PlacementBoard(nodes, overcommit: 0)

        let error = #expect(throws: SchedulingError.self) {
            try board.place(
                PlacementRequest(
                    claim: Resources(memory: 500),
                    dependencies: [Dependency(.link, container: "A")]
                )
            )
        }
        guard case .everyNodeRejected(_, _, let rejections, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(rejections.map(\.filter) == ["resources", "dependency"])
    }

    // MARK: port

    @Test("port: three nginx with -p 80:80 go to three nodes, the fourth is refused, -p 81:80 is not")
    func bridge() throws {
        var board = try PlacementBoard(nodes(3))
        let nginx = PlacementRequest(ports: [HostPort(80)])

        #expect(Set(try board.place([nginx, nginx, nginx])).count == 3)
        let error = #expect(throws: SchedulingError.self) { try board.place(nginx) }
        #expect(error?.message.contains("port 80/tcp is taken on 3 of 3 nodes") == true)
        #expect(error?.message.contains("[port 80 (Bridge mode)]") == true)
        #expect(throws: Never.self) { try board.place(PlacementRequest(ports: [HostPort(81)])) }
    }

    @Test("port: so does --net=host with --expose=80, also beside bridged ones")
    func host() throws {
        var board = try PlacementBoard(nodes(3))
        let exposed = PlacementRequest(ports: [HostPort(80)], usesHostNetwork: true)

        #expect(Set(try board.place([exposed, exposed, PlacementRequest(ports: [HostPort(80)])])).count == 3)
        let error = #expect(throws: SchedulingError.self) { try board.place(exposed) }
        #expect(error?.message.contains("[port 80 (Host mode)]") == true)
        #expect(throws: Never.self) { try board.place(PlacementRequest(ports: [HostPort(81)])) }
    }

    @Test("port: two addresses of a node each have a port 80, two transports too")
    func addresses() throws {
        var board = try PlacementBoard(nodes(1))
        let ports = [HostPort(80, address: "10.0.0.1"), HostPort(80, address: "10.0.0.2"), HostPort(80, .udp)]

        let placed = try board.place(ports.map { PlacementRequest(ports: [$0]) })

        #expect(placed == ["node-1", "node-1", "node-1"])
        #expect(throws: SchedulingError.self) { try board.place(PlacementRequest(ports: [HostPort(80)])) }
    }

    // MARK: expressions

    @Test(
        "expressions: the page's own list",
        arguments: [
            (text: "node==node1", stay: ["node1"]),
            (text: "node!=node1", stay: ["node2", "NoDe1", "node-0", "node-2", "foo[bar]"]),
            (text: "region!=us*", stay: ["node2", "NoDe1", "node-0", "foo[bar]"]),
            (text: "node==/node[12]/", stay: ["node1", "node2"]),
            (text: #"node==/node\d/"#, stay: ["node1", "node2"]),
            (text: "node!=/node-[01]/", stay: ["node1", "node2", "NoDe1", "node-2", "foo[bar]"]),
            (text: #"node!=/foo\[bar\]/"#, stay: ["node1", "node2", "NoDe1", "node-0", "node-2"]),
            (text: "node==/(?i)node1/", stay: ["node1", "NoDe1"]),
            (text: "region==us*", stay: ["node1", "node-2"]),
        ]
    )
    func expressions(text: String, stay: [String]) throws {
        let regions = ["node1": "us-east", "node2": "eu", "node-2": "us-west"]
        let nodes = ["node1", "node2", "NoDe1", "node-0", "node-2", "foo[bar]"].map { name in
            NodeSnapshot(name: name, labels: regions[name].map { ["region": $0] } ?? [:])
        }
        var board = try PlacementBoard(nodes)

        #expect(try board.candidates(constrained(text)) == stay)
    }

    @Test("expressions: constraint:region==~us* takes a node of the us region, and another when there is none")
    func softRegion() throws {
        var nodes = nodes(3)
        nodes[1].labels["region"] = "us-east"
        var board = try PlacementBoard(nodes)

        #expect(
            try board.place(Array(repeating: constrained("region==~us*"), count: 3))
                == Array(repeating: "node-2", count: 3)
        )
        nodes[1].labels["region"] = "eu"
        board = try PlacementBoard(nodes)
        #expect(throws: Never.self) { try board.place(constrained("region==~us*")) }
    }

    @Test("expressions: affinity:container!=~redis* keeps five redis apart while there are nodes without one")
    func softApart() throws {
        var board = try PlacementBoard(nodes(3))
        let requests = try (1...5).map { try attracted("container!=~redis*", name: "redis\($0)") }

        let placed = try board.place(requests)

        #expect(Set(placed.prefix(3)).count == 3)
        #expect(Set(placed.suffix(2)).count == 2)
    }

    @Test("expressions: affinity:image==~redis draws to the image, and goes elsewhere without it")
    func softImage() throws {
        var nodes = nodes(3)
        nodes[2].images = ["redis:latest", "redis"]
        var board = try PlacementBoard(nodes)

        #expect(try board.place(attracted("image==~redis")) == "node-3")
        #expect(throws: Never.self) { try board.place(attracted("image==~mysql")) }
    }

    @Test("whitelist: only the listed nodes are chosen, and != keeps away from them")
    func whitelist() throws {
        var board = try PlacementBoard(nodes(4))

        let only = PlacementRequest(whitelists: [try PlacementExpression(parsing: "node==node-1|node-3|node-9")])
        let others = PlacementRequest(whitelists: [try PlacementExpression(parsing: "node!=node-1|node-3")])

        #expect(board.candidates(only) == ["node-1", "node-3"])
        #expect(board.candidates(others) == ["node-2", "node-4"])
    }

    @Test("--filter: a filter that is not named does not count, except for resources")
    func selectedFilters() throws {
        var nodes = nodes(1)
        nodes[0].capacity.memory = 100
        nodes[0].add(NodeContainer(id: "a", name: "old"), ports: [HostPort(80)])
        var board = try PlacementBoard(nodes, filters: ["health", "dependency"])

        #expect(throws: Never.self) { try board.place(PlacementRequest(ports: [HostPort(80)])) }
        #expect(throws: SchedulingError.self) {
            try board.place(PlacementRequest(dependencies: [Dependency(.link, container: "nosuch")]))
        }
        #expect(throws: SchedulingError.self) { try board.place(PlacementRequest(claim: Resources(memory: 500))) }
    }
}
