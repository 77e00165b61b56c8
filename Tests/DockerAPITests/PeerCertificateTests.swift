// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import NIOHTTP1
import SwarmCore
import Testing

@Suite("PeerCertificate", .timeLimit(.minutes(1)))
struct PeerCertificateTests {
    @Test("a server learns the names in its client's certificate, and that the client is on this machine")
    func peer() async throws {
        let (peers, continuation) = AsyncStream<PeerIdentity>.makeStream()
        let tls = try TestCertificates.contexts("node")
        let server = try await StubServer(tls: tls) { pipe, _ in
            _ = try await pipe.read()
            continuation.yield(await pipe.peer())
        }

        let client = HTTPClient(address: server.address, tls: tls)
        _ = try? await client.reply(to: HTTPRequest(.GET, "/"), deadline: .after(.seconds(10)))

        let peer = try #require(await peers.first { _ in true })
        #expect(peer.isLocal)
        #expect(
            peer.certificate == PeerCertificate(commonNames: ["node"], units: [], alternativeNames: ["127.0.0.1"])
        )
    }

    @Test("without TLS there is no certificate")
    func anonymous() async throws {
        let (peers, continuation) = AsyncStream<PeerIdentity>.makeStream()
        let server = try await StubServer { pipe, _ in
            _ = try await pipe.read()
            continuation.yield(await pipe.peer())
        }

        let client = HTTPClient(address: server.address)
        _ = try? await client.reply(to: HTTPRequest(.GET, "/"), deadline: .after(.seconds(10)))

        #expect(await peers.first { _ in true } == PeerIdentity(certificate: nil, isLocal: true, host: "127.0.0.1"))
    }

    @Test(
        "what is no certificate has no names",
        arguments: [
            [], [0x30], [0x30, 0x84, 1, 1, 1, 1], [0x30, 0x80], [0x30, 5, 0x30, 3, 2, 1, 1], [0xFF, 0x82, 0xFF],
        ]
            as [[UInt8]]
    )
    func garbage(der: [UInt8]) {
        let none = PeerCertificate(commonNames: [], units: [], alternativeNames: [])

        #expect(PeerCertificate(der: der) == none)
    }

    @Test("addresses are the same in any way of writing them, names in any case")
    func names() {
        let certificate = PeerCertificate(commonNames: [], units: [], alternativeNames: ["n1", "fd00::1", "10.0.0.1"])

        #expect(certificate.isMade(for: "N1") && certificate.isMade(for: "FD00:0::1"))
        #expect(!certificate.isMade(for: "10.0.0.10") && !certificate.isMade(for: "n1.example"))
    }
}
