// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import DockerAPI
import Logging
import Testing

/// The calls of `swarm://` and `token://` as the manager's server gets them.
struct MemberAPITests {
    private let folder = TemporaryFolder()
    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static let node = PeerCertificate(
        commonNames: ["n1"],
        units: [],
        alternativeNames: ["n1", "localhost", "10.0.0.1", "127.0.0.1", "::1"]
    )

    private static func user(_ role: String) -> PeerCertificate {
        PeerCertificate(commonNames: ["ann"], units: [role], alternativeNames: [])
    }

    private static func call(
        _ line: String,
        by certificate: PeerCertificate? = nil,
        isLocal: Bool = false,
        body: String = ""
    ) -> MemberCall {
        let words = line.split(separator: " ").map(String.init)
        let peer = PeerIdentity(certificate: certificate, isLocal: isLocal)
        return MemberCall(method: words[0], target: words[1], peer: peer) { _ in Array(body.utf8) }
    }

    @Test(
        "wrong calls are answered with the status that says why",
        arguments: [
            (line: "GET /swarmd/v1/clusters/lab", status: 404),
            (line: "GET /swarmd/v1/clusters/a%2Fb/members", status: 404),
            (line: "POST /swarmd/v1/clusters/lab/members", status: 405),
            (line: "PUT /swarmd/v1/clusters/lab/members/nonsense?ttl=5", status: 400),
            (line: "PUT /swarmd/v1/clusters/lab/members/a%3A1", status: 400),
            (line: "PUT /swarmd/v1/clusters/lab/members/a%3A1?ttl=0", status: 400),
            (line: "PUT /swarmd/v1/clusters/lab/members/a%3A1?ttl=99999999", status: 400),
            (line: "GET /swarmd/v1/clusters/lab/members/a%3A1", status: 404),
            (line: "PUT /swarmd/v1/clusters/lab/members/a%3A1?ttl=60", status: 204),
            (line: "DELETE /swarmd/v1/clusters/lab/members/a%3A1", status: 204),
        ]
    )
    func embeddedCalls(line: String, status: Int) async throws {
        let api = EmbeddedAPI(members: try EmbeddedMembers(folder: folder.path), logger: quiet)

        #expect(await api.reply(to: Self.call(line))?.status == status)
    }

    @Test(
        "a node that calls from an address may register it, whatever is in its certificate; a user may not",
        arguments: [
            (
                line: "PUT /swarmd/v1/clusters/lab/members/10.0.0.9%3A2376?ttl=60", isNode: true, host: "10.0.0.9",
                status: 204
            ),
            (
                line: "DELETE /swarmd/v1/clusters/lab/members/10.0.0.9%3A2376", isNode: true, host: "10.0.0.9",
                status: 204
            ),
            (
                line: "PUT /swarmd/v1/clusters/lab/members/10.0.0.8%3A2376?ttl=60", isNode: true, host: "10.0.0.9",
                status: 403
            ),
            (
                line: "PUT /swarmd/v1/clusters/lab/members/10.0.0.9%3A2376?ttl=60", isNode: false, host: "10.0.0.9",
                status: 403
            ),
            (
                line: "PUT /swarmd/v1/clusters/lab/members/127.0.0.1%3A1?ttl=60", isNode: true, host: "127.0.0.1",
                status: 403
            ),
            (line: "PUT /swarmd/v1/clusters/lab/members/10.0.0.1%3A1?ttl=60", isNode: true, host: "", status: 204),
        ]
    )
    func moved(line: String, isNode: Bool, host: String, status: Int) async throws {
        let api = EmbeddedAPI(members: try EmbeddedMembers(folder: folder.path), logger: quiet)
        let words = line.split(separator: " ").map(String.init)
        let certificate = isNode ? Self.node : Self.user("admin")
        let peer = PeerIdentity(certificate: certificate, isLocal: false, host: host)

        let reply = await api.reply(to: MemberCall(method: words[0], target: words[1], peer: peer))

        #expect(reply?.status == status)
    }

    @Test(
        "the hosted protocol's calls are answered with the status that says why",
        arguments: [
            (line: "POST /v1/clusters", body: "", status: 200),
            (line: "GET /v1/clusters", body: "", status: 405),
            (line: "GET /v1/clusters/own", body: "", status: 200),
            (line: "GET /v1/clusters/own?address=a:1&wait=1", body: "", status: 200),
            (line: "GET /v1/clusters/own?address=nonsense", body: "", status: 400),
            (line: "GET /v1/clusters/other", body: "", status: 404),
            (line: "POST /v1/clusters/other?ttl=60", body: "a:1", status: 404),
            (line: "POST /v1/clusters/0123456789abcdef0123456789abcdef", body: "a:1", status: 200),
            (line: "GET /v1/clusters/0123456789abcdef0123456789abcdef", body: "", status: 404),
            (line: "POST /v1/clusters/own", body: "a:1\n", status: 200),
            (line: "POST /v1/clusters/own?ttl=60&address=a:1", body: "", status: 200),
            (line: "POST /v1/clusters/own", body: "", status: 400),
            (line: "POST /v1/clusters/own", body: "unix:///x", status: 400),
            (line: "POST /v1/clusters/own?ttl=0", body: "a:1", status: 400),
            (line: "POST /v1/clusters/own?ttl=86401", body: "a:1", status: 400),
            (line: "DELETE /v1/clusters/own?address=a:1", body: "", status: 200),
            (line: "DELETE /v1/clusters/own", body: "", status: 400),
            (line: "PUT /v1/clusters/own", body: "", status: 405),
        ]
    )
    func tokenCalls(line: String, body: String, status: Int) async throws {
        let api = TokenAPI(members: try EmbeddedMembers(folder: folder.path, ownCluster: "own"), logger: quiet)

        #expect(await api.reply(to: Self.call(line, body: body))?.status == status)
    }

    @Test("a token that was made keeps members, also over a restart; there are a thousand at most")
    func tokens() async throws {
        let api = TokenAPI(members: try EmbeddedMembers(folder: folder.path), logger: quiet)
        let made = try #require(await api.reply(to: Self.call("POST /v1/clusters")))
        let token = String(decoding: made.body, as: UTF8.self)
        #expect(await api.reply(to: Self.call("POST /v1/clusters/\(token)", body: "10.0.0.1:2376"))?.status == 200)

        let again = TokenAPI(members: try EmbeddedMembers(folder: folder.path), logger: quiet)
        let list = await again.reply(to: Self.call("GET /v1/clusters/\(token)"))
        #expect(list.map { String(decoding: $0.body, as: UTF8.self) } == #"["10.0.0.1:2376"]"#)
        #expect(token.count == 32)

        let statuses = await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<1000 {
                group.addTask { await again.reply(to: Self.call("POST /v1/clusters"))?.status }
            }
            return await group.reduce(into: [:]) { $0[$1 ?? 0, default: 0] += 1 }
        }
        #expect(statuses == [200: 999, 409: 1])
    }

    @Test(
        "a node changes only its own membership, operators read, and others are refused",
        arguments: [
            (line: "PUT /swarmd/v1/clusters/lab/members/10.0.0.1%3A2376?ttl=60", who: node, status: 204),
            (line: "PUT /swarmd/v1/clusters/lab/members/N1%3A2376?ttl=60", who: node, status: 204),
            (line: "PUT /swarmd/v1/clusters/lab/members/10.0.0.2%3A2376?ttl=60", who: node, status: 403),
            (line: "PUT /swarmd/v1/clusters/lab/members/127.0.0.1%3A2376?ttl=60", who: node, status: 403),
            (line: "PUT /swarmd/v1/clusters/lab/members/localhost%3A2376?ttl=60", who: node, status: 403),
            (line: "DELETE /swarmd/v1/clusters/lab/members/10.0.0.1%3A2376", who: node, status: 204),
            (line: "DELETE /swarmd/v1/clusters/lab/members/10.0.0.2%3A2376", who: node, status: 403),
            (line: "GET /swarmd/v1/clusters/lab/members", who: node, status: 200),
            (line: "PUT /swarmd/v1/clusters/lab/members/10.0.0.1%3A2376?ttl=60", who: user("admin"), status: 403),
            (line: "GET /swarmd/v1/clusters/lab/members", who: user("operator"), status: 200),
            (line: "GET /swarmd/v1/clusters/lab/members", who: user("viewer"), status: 200),
            (line: "GET /swarmd/v1/clusters/lab/members", who: user("ns:web"), status: 403),
            (line: "GET /swarmd/v1/clusters/lab/members/10.0.0.1%3A2376", who: user("ns:web"), status: 403),
            (line: "GET /v1/clusters/own", who: user("ns:web"), status: 403),
            (line: "POST /v1/clusters", who: user("admin"), status: 200),
            (line: "POST /v1/clusters", who: user("viewer"), status: 403),
            (line: "POST /v1/clusters/own?address=10.0.0.1:2376", who: node, status: 200),
            (line: "POST /v1/clusters/own?address=10.0.0.2:2376", who: node, status: 403),
            (line: "DELETE /v1/clusters/own?address=10.0.0.2:2376", who: node, status: 403),
        ]
    )
    func roles(line: String, who: PeerCertificate, status: Int) async throws {
        let members = try EmbeddedMembers(folder: folder.path, ownCluster: "own")
        let call = Self.call(line, by: who)

        var reply = await EmbeddedAPI(members: members, logger: quiet).reply(to: call)
        if reply == nil {
            reply = await TokenAPI(members: members, logger: quiet).reply(to: call)
        }

        #expect(reply?.status == status)
    }

    @Test("the manager's own node may register a loopback address")
    func loopback() async throws {
        let api = EmbeddedAPI(members: try EmbeddedMembers(folder: folder.path), logger: quiet)
        let line = "PUT /swarmd/v1/clusters/lab/members/127.0.0.1%3A2376?ttl=60"

        #expect(await api.reply(to: Self.call(line, by: Self.node, isLocal: true))?.status == 204)
    }

    @Test("paths of the Docker API are left to others", arguments: ["/v1.41/info", "/v1/clustersx", "/swarmd"])
    func otherPaths(path: String) async throws {
        let members = try EmbeddedMembers(folder: folder.path)

        #expect(await EmbeddedAPI(members: members, logger: quiet).reply(to: Self.call("GET " + path)) == nil)
        #expect(await TokenAPI(members: members, logger: quiet).reply(to: Self.call("GET " + path)) == nil)
    }
}
