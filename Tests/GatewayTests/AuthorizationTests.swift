// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Cluster
import DockerAPI
import Gateway
import Logging
import NIOHTTP1
import Scheduling
import SwarmCore
import Testing

/// Who may do what, over an engine in this process.
@Suite("Authorization", .timeLimit(.minutes(1)))
struct AuthorizationTests {
    static let webID = String(repeating: "a", count: 64)
    static let otherID = String(repeating: "c", count: 64)
    static let list = """
        [{"Id":"\(webID)","Names":["/web"],"Image":"nginx","ImageID":"sha256:1","Created":1700000000,"State":"running",
        "Labels":{"com.docker.swarm.namespace":"blue"}},
        {"Id":"\(otherID)","Names":["/db"],"Image":"pg","ImageID":"sha256:2","Created":1700000000,"State":"running",
        "Labels":{"com.docker.swarm.namespace":"red"}},
        {"Id":"\(String(repeating: "d", count: 64))","Names":["/swarm-agent"],"Image":"swarm","ImageID":"sha256:3",
        "Created":1700000000,"State":"running","Labels":{}}]
        """

    private func routes() throws -> [Route] {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let cluster = Cluster(
            configuration: ClusterConfiguration(scheduler: try Scheduler()),
            logger: logger
        ) { HTTPClient(address: try EngineAddress(parsing: $0)) }
        let configuration = GatewayConfiguration(addresses: [])
        return Gateway(cluster: cluster, configuration: configuration, logger: logger).routes
    }

    /// A request of somebody with a role, as another manager sends it on.
    private func request(_ method: HTTPMethod, _ target: String, as role: Role?) -> HTTPRequest {
        let standing: Caller.Standing = role.map { .role($0) } ?? .node
        let caller = Caller(name: "alice", standing: standing, address: "10.0.0.9")
        return HTTPRequest(method, target, headers: [Caller.headerField: caller.headerValue])
    }

    /// The status of a call with a body in JSON.
    private func status(
        _ client: HTTPClient,
        _ method: HTTPMethod,
        _ target: String,
        as role: Role?,
        _ body: String = ""
    ) async throws -> Int {
        let bytes: HTTPBody = body.isEmpty ? .none : .bytes(Array(body.utf8))
        return try await client.reply(
            to: request(method, target, as: role),
            body: bytes,
            deadline: .after(.seconds(20))
        ).status
    }

    @Test("every route has one rule, and every rule a route")
    func tableIsComplete() throws {
        let routes = Set(try routes().map { "\($0.method) \($0.pattern)" })
        let rules = RoleTable.rules.map { "\($0.method) \($0.pattern)" }.filter {
            $0 != "GET \(RoleTable.unknownRoute)"
        }

        #expect(Set(rules).count == rules.count, "a route has two rules")
        #expect(routes.subtracting(rules).isEmpty, "routes without a rule")
        #expect(Set(rules).subtracting(routes).isEmpty, "rules without a route")
    }

    @Test("the documentation has the table that is enforced")
    func documentedTable() throws {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let text = try AtomicFile.readText("/\(folder)/docs/roles.md")

        #expect(text.contains(RoleTable.markdown), "put the output of `swarmd roles` into docs/roles.md")
    }

    @Test("a route without a rule is refused to everybody, and one that is not there to all but admins")
    func failsClosed() async throws {
        let engine = try await FakeEngine(name: "node-1")
        let forgotten = Route(.GET, "forgotten") { _, responder in try await responder.send(bytes: []) }

        let statuses = try await withGateway(over: [engine], routes: [forgotten]) { client in
            var statuses: [Int] = []
            for target in ["/forgotten", "/not/there"] {
                for role in [Role.admin, .operator, .viewer, .namespace("blue"), nil] {
                    statuses.append(try await status(client, .GET, target, as: role))
                }
            }
            return statuses
        }

        #expect(statuses == [403, 403, 403, 403, 403, 404, 403, 403, 403, 403])
    }

    @Test(
        "a certificate makes its holder what its organizational unit says",
        arguments: [
            (units: ["admin"], names: [], standing: Caller.Standing.role(.admin)),
            (units: ["operator"], names: ["laptop"], standing: .role(.operator)),
            (units: ["viewer"], names: [], standing: .role(.viewer)),
            (units: ["ns:blue"], names: [], standing: .role(.namespace("blue"))),
            (units: [], names: ["node-1"], standing: .node),
            (units: [], names: [], standing: .nobody),
            (units: ["root"], names: [], standing: .nobody),
            (units: ["Admin"], names: [], standing: .nobody),
            (units: ["ns:"], names: [], standing: .nobody),
            (units: ["ns:a/b"], names: [], standing: .nobody),
            (units: ["ns:library"], names: [], standing: .nobody),
            (units: ["viewer", "admin"], names: ["node-1"], standing: .nobody),
        ] as [(units: [String], names: Set<String>, standing: Caller.Standing)]
    )
    func certificates(units: [String], names: Set<String>, standing: Caller.Standing) {
        let certificate = PeerCertificate(commonNames: ["alice"], units: units, alternativeNames: names)
        let peer = PeerIdentity(certificate: certificate, isLocal: false)

        let caller = Caller(peer, address: "10.0.0.9", isSocket: false, mustShowCertificate: true)

        #expect(caller.standing == standing)
        #expect(caller.name == "alice")
    }

    @Test("without a certificate only sockets, and managers without TLS, take anything")
    func withoutCertificate() {
        let peer = PeerIdentity(certificate: nil, isLocal: true)

        let socket = Caller(peer, address: "", isSocket: true, mustShowCertificate: true)
        let plain = Caller(peer, address: "127.0.0.1", isSocket: false, mustShowCertificate: false)
        let secured = Caller(peer, address: "127.0.0.1", isSocket: false, mustShowCertificate: true)

        #expect([socket.standing, plain.standing, secured.standing] == [.role(.admin), .role(.admin), .nobody])
        #expect([socket.name, plain.name] == ["local", "anonymous"])
    }

    @Test(
        "what gives power over a host is refused to operators, however it is written",
        arguments: [
            #"{"Image":"a","HostConfig":{"Privileged":true}}"#,
            #"{"Image":"a","hostconfig":{"pRIVILEGED":true}}"#,
            #"{"Image":"a","Ho\u017ftConfig":{"Privileged":true}}"#,
            #"{"Image":"a","Privileged":true}"#,
            #"{"Image":"a","Binds":["/:/host"]}"#,
            #"{"Image":"a","HostConfig":{"Binds":["/var/run/docker.sock:/s"]}}"#,
            #"{"Image":"a","HostConfig":{"Binds":["./x:/host"]}}"#,
            #"{"Image":"a","HostConfig":{"Mounts":[{"Type":"bind","Source":"/etc","Target":"/x"}]}}"#,
            #"{"Image":"a","HostConfig":{"Mounts":[{"Type":"volume","Source":"v","Target":"/x","VolumeOptions":"#
                + #"{"DriverConfig":{"Name":"local","Options":{"type":"none","o":"bind","device":"/etc"}}}}]}}"#,
            #"{"Image":"a","HostConfig":{"NetworkMode":"host"}}"#,
            #"{"Image":"a","HostConfig":{"PidMode":"host"}}"#,
            #"{"Image":"a","HostConfig":{"IpcMode":"host"}}"#,
            #"{"Image":"a","HostConfig":{"UTSMode":"host"}}"#,
            #"{"Image":"a","HostConfig":{"CapAdd":["SYS_ADMIN"]}}"#,
            #"{"Image":"a","HostConfig":{"Devices":[{"PathOnHost":"/dev/sda"}]}}"#,
            #"{"Image":"a","HostConfig":{"DeviceCgroupRules":["b 8:* rwm"]}}"#,
            #"{"Image":"a","HostConfig":{"SecurityOpt":["seccomp=unconfined"]}}"#,
            #"{"Image":"a","HostConfig":{"MaskedPaths":[]}}"#,
            #"{"Image":"a","HostConfig":{"VolumesFrom":["swarm-agent"]}}"#,
            #"{"Image":"a","HostConfig":{"PidMode":"container:swarm-agent"}}"#,
        ]
    )
    func power(body: String) async throws {
        let engine = try await FakeEngine(name: "node-1", containers: Self.list)

        let statuses = try await withGateway(
            over: [engine],
            configure: { $0.privilegedRoles = [.namespace("trusted")] }
        ) { client in
            [
                try await status(client, .POST, "/containers/create", as: .operator, body),
                try await status(client, .POST, "/containers/create", as: .admin, body),
            ]
        }

        #expect(statuses[0] == 403)
        #expect(statuses[1] != 403)
    }

    @Test("two members that Go takes for one are refused, and --allow-privileged-for lifts the rest")
    func doubledAndAllowed() async throws {
        let engine = try await FakeEngine(name: "node-1", containers: Self.list)
        let doubled = #"{"Image":"a","HostConfig":{"Privileged":true},"hostConfig":{}}"#
        let privileged = #"{"Image":"a","HostConfig":{"Privileged":true}}"#

        let refused = try await withGateway(over: [engine]) { client in
            try await status(client, .POST, "/containers/create", as: .operator, doubled)
        }
        let allowed = try await withGateway(over: [engine], configure: { $0.privilegedRoles = [.operator] }) { client in
            try await status(client, .POST, "/containers/create", as: .operator, privileged)
        }

        #expect(refused == 400)
        #expect(allowed == 404, "the engine in this test has no image")
    }

    @Test("operators neither enter nor change the cluster's own containers")
    func overhead() async throws {
        let engine = try await FakeEngine(name: "node-1", containers: Self.list)

        let statuses = try await withGateway(over: [engine]) { client in
            var statuses: [Int] = []
            for (method, target) in [
                (HTTPMethod.GET, "/containers/swarm-agent/archive?path=/"), (.POST, "/containers/swarm-agent/exec"),
                (.DELETE, "/containers/swarm-agent?force=1"), (.POST, "/containers/node-1/swarm-agent/stop"),
                (.POST, "/commit?container=swarm-agent"), (.GET, "/containers/dddd/export"),
                (.POST, "/containers/swarm-agent/start"), (.POST, "/volumes/create"),
            ] {
                let body =
                    target == "/volumes/create" ? #"{"DriverOpts":{"type":"none","o":"bind","device":"/"}}"# : ""
                statuses.append(try await status(client, method, target, as: .operator, body))
            }
            return statuses
        }

        #expect(statuses == Array(repeating: 403, count: 8))
    }

    @Test("what a namespace does not own is not there, by name, node, id and prefix")
    func foreign() async throws {
        let engine = try await FakeEngine(name: "node-1", containers: Self.list)

        let (own, foreign, listed) = try await withGateway(over: [engine]) { client in
            var statuses: [[Int]] = [[], []]
            for (index, names) in [
                ["web", "node-1/web", Self.webID, "aaaa"], ["db", "node-1/db", Self.otherID, "cccc"],
            ]
            .enumerated() {
                for name in names {
                    statuses[index].append(
                        try await status(client, .GET, "/containers/\(name)/json", as: .namespace("blue"))
                    )
                }
            }
            let list = try await client.reply(
                to: request(.GET, "/containers/json?all=1", as: .namespace("blue")),
                deadline: .after(.seconds(20))
            ).json()
            return (statuses[0], statuses[1], list.elements.compactMap { $0["Id"]?.string })
        }

        #expect(own == [200, 200, 200, 200])
        #expect(foreign == [404, 404, 404, 404])
        #expect(listed == [Self.webID])
    }

    @Test("who a request is from is taken from managers only, and never told an engine")
    func claims() async throws {
        let engine = try await FakeEngine(name: "node-1", containers: Self.list) { question in
            guard question.path.hasPrefix("/containers/web/top") else {
                return false
            }
            try await question.reply(200, question.headers[Caller.headerField].isEmpty ? "{}" : "told")
            return true
        }

        let (garbled, top) = try await withGateway(over: [engine]) { client in
            let headers: HTTPHeaders = [Caller.headerField: "admin"]
            let garbled = try await client.reply(
                to: HTTPRequest(.GET, "/info", headers: headers),
                deadline: .after(.seconds(20))
            )
            let top = try await client.reply(
                to: request(.GET, "/containers/web/top", as: .operator),
                deadline: .after(.seconds(20))
            )
            return (garbled.status, String(decoding: top.body, as: UTF8.self))
        }

        #expect(garbled == 403)
        #expect(top == "{}")
    }
}
