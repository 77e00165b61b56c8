// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import HTTPTransfer
import SwarmCore
import Testing

@Suite("HTTPError")
struct HTTPErrorTests {
    let client = HTTPClient()

    private func failure(_ url: String, _ change: (inout HTTPRequest) -> Void = { _ in }) async throws -> HTTPError {
        var request = HTTPRequest("GET", url, deadline: .after(.seconds(10)))
        request.usesProxy = false
        change(&request)
        let changed = request
        return try await #require(throws: HTTPError.self) { _ = try await client.send(changed) }
    }

    @Test("a closed port refuses")
    func refused() async throws {
        let error = try await failure("http://127.0.0.1:1/")

        #expect(error == .refused(endpoint: "127.0.0.1:1"))
        #expect(error.kind == .unreachable)
        #expect(error.isTransient)
        #expect(error.wasNotSent)
    }

    @Test("a name that does not exist is told apart")
    func noSuchHost() async throws {
        #expect(try await failure("https://nowhere.invalid/") == .noSuchHost(endpoint: "nowhere.invalid:443"))
    }

    @Test("a socket that is not there is told apart")
    func noSuchSocket() async throws {
        let error = try await failure("http://engine/") { $0.unixSocket = "/nowhere/sock" }

        #expect(error == .noSuchSocket(path: "/nowhere/sock"))
    }

    @Test("what is no URL is a wrong use", arguments: ["", "nonsense://x", "file:///etc/passwd", "http://"])
    func badURL(url: String) async throws {
        #expect(try await failure(url).kind == .usage)
    }

    @Test("a secret in a URL is not in the message")
    func noSecrets() async throws {
        let error = try await failure("http://user:secret@127.0.0.1:1/path?token=secret")

        #expect(!error.message.contains("secret"))
    }

    @Test("a server that speaks something else, or breaks off, is told apart")
    func badServers() async throws {
        let server = try await TestServer.start()

        let half = try await failure(server.url + "/half")
        let garbage = try await failure(server.url + "/garbage")

        guard case .connectionLost = half else {
            Issue.record("\(half)")
            return
        }
        guard case .malformedResponse = garbage else {
            Issue.record("\(garbage)")
            return
        }
        #expect(half.isTransient)
        #expect(!half.wasNotSent)
        #expect(!garbage.isTransient)
    }

    @Test("plain HTTP on the other side is a failed handshake")
    func plainPeer() async throws {
        let server = try await TestServer.start()

        let error = try await failure("https://127.0.0.1:\(server.port)/")

        guard case .tls(_, .handshake) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(error.kind == .denied)
    }
}

@Suite("A peer that hangs up")
struct HangUpTests {
    @Test("a peer that hangs up in the handshake may answer a little later", arguments: [true, false])
    func inHandshake(resets: Bool) async throws {
        let server = try HangUpServer(resets: resets)
        var request = HTTPRequest("GET", "https://127.0.0.1:\(server.port)/", deadline: .after(.seconds(60)))
        request.usesProxy = false
        let sent = request

        let error = try await #require(throws: HTTPError.self) { _ = try await HTTPClient().send(sent) }

        guard case .connectionLost = error else {
            Issue.record("\(error)")
            return
        }
        #expect(error.isTransient)
        #expect(error.kind == .unreachable)
    }
}

@Suite("TLS of HTTPClient")
struct HTTPClientTLSTests {
    let client = HTTPClient()
    let folder: TestFolder

    init() throws {
        folder = try TestFolder()
        try folder.makeAuthority("ca")
        try folder.makeAuthority("other")
        try folder.makeCertificate("server", by: "ca", names: "IP:127.0.0.1,DNS:node-1")
    }

    private func server(_ certificate: String = "server", clients: String? = nil) async throws -> TestServer {
        let asked = clients.map { ["--client-ca", folder.file("\($0).pem")] } ?? []
        return try await TestServer.start(
            ["--tls", folder.file("\(certificate).pem"), folder.file("\(certificate)-key.pem")] + asked
        )
    }

    private func request(_ url: String, trusting authority: String = "ca", as identity: String? = nil) -> HTTPRequest {
        var request = HTTPRequest("GET", url + "/echo", deadline: .after(.seconds(10)))
        request.usesProxy = false
        request.tls = TLSOptions(
            authorityFile: folder.file("\(authority).pem"),
            certificateFile: identity.map { folder.file("\($0).pem") },
            keyFile: identity.map { folder.file("\($0)-key.pem") }
        )
        return request
    }

    private func tlsFailure(_ request: HTTPRequest) async throws -> TLSFailure? {
        let error = try await #require(throws: HTTPError.self) { _ = try await client.send(request) }
        guard case .tls(_, let failure) = error else {
            Issue.record("\(error)")
            return nil
        }
        return failure
    }

    @Test("a certificate with the address, signed by the authority given, is trusted")
    func trusted() async throws {
        let server = try await server()

        #expect(try await client.send(request(server.url)).status == 200)
    }

    @Test("a name is verified though an address is dialled")
    func connectTo() async throws {
        let server = try await server()
        var named = request("https://node-1:2376")
        named.connectTo = "127.0.0.1:\(server.port)"
        var misnamed = request("https://node-2:2376")
        misnamed.connectTo = "127.0.0.1:\(server.port)"

        let echo = try Echo(await client.send(named))

        #expect(echo.header("host") == "node-1:2376")
        #expect(try await tlsFailure(misnamed) == .nameMismatch)
    }

    @Test("a peer that another authority signed is not trusted")
    func unknownAuthority() async throws {
        let server = try await server()

        #expect(try await tlsFailure(request(server.url, trusting: "other")) == .unknownAuthority)
    }

    @Test("a certificate for another address is told apart")
    func nameMismatch() async throws {
        try folder.makeCertificate("elsewhere", by: "ca", names: "IP:10.0.0.1")
        let server = try await server("elsewhere")

        #expect(try await tlsFailure(request(server.url)) == .nameMismatch)
    }

    @Test("an expired certificate is told apart")
    func expired() async throws {
        try folder.makeCertificate("old", by: "ca", names: "IP:127.0.0.1", days: -1)
        let server = try await server("old")

        #expect(try await tlsFailure(request(server.url)) == .expired)
    }

    @Test("a client certificate of the right authority is taken")
    func clientCertificate() async throws {
        try folder.makeCertificate("operator", by: "ca", names: "DNS:operator")
        let server = try await server(clients: "ca")

        let echo = try Echo(await client.send(request(server.url, as: "operator")))

        #expect(echo.client == "operator")
    }

    @Test("a peer that wants a client certificate and gets none says so")
    func noClientCertificate() async throws {
        let server = try await server(clients: "ca")

        #expect(try await tlsFailure(request(server.url)) == .clientCertificateRequired)
    }

    @Test("a client certificate of another authority is refused")
    func wrongClientCertificate() async throws {
        try folder.makeCertificate("stranger", by: "other", names: "DNS:stranger")
        let server = try await server(clients: "ca")

        // Alert 48: unknown_ca.
        #expect(try await tlsFailure(request(server.url, as: "stranger")) == .clientCertificateRefused(alert: 48))
    }

    @Test("a client certificate that is not there is a fault of ours")
    func missingClientCertificate() async throws {
        let server = try await server()

        guard case .badLocalFile? = try await tlsFailure(request(server.url, as: "nobody")) else {
            Issue.record("not a local file")
            return
        }
    }

    @Test("two identities never share a connection")
    func noSharedConnection() async throws {
        try folder.makeCertificate("one", by: "ca", names: "DNS:one")
        try folder.makeCertificate("two", by: "ca", names: "DNS:two")
        let server = try await server(clients: "ca")

        for name in ["one", "two", "one", "two"] {
            #expect(try Echo(await client.send(request(server.url, as: name))).client == name)
        }
    }
}
