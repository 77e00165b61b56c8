// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import PKI
import SwarmCore
import Testing

@Suite("CertificateAuthority")
struct CertificateAuthorityTests {
    let scratch: ScratchFolder

    init() throws {
        scratch = try ScratchFolder()
    }

    private func makeAuthority(_ type: KeyType = .p256, at time: Int? = nil) throws -> CertificateAuthority {
        try CertificateAuthority.generate(cluster: "lab", key: .generate(type), at: time)
    }

    private func request(_ type: KeyType = .p256) throws -> CertificateRequest {
        try CertificateRequest(commonName: "whatever", key: .generate(type))
    }

    @Test("what is issued passes openssl's strict verification", arguments: KeyType.allCases, [KeyType.p256, .rsa2048])
    func strictVerification(authorityType: KeyType, hostType: KeyType) throws {
        let authority = try makeAuthority(authorityType)
        let node = try authority.issue(
            NodeProfile(node: "n1", cluster: "lab", addresses: ["10.0.0.1", "fd00::1"]),
            for: request(hostType)
        )
        let person = try authority.issue(
            OperatorProfile(user: "ann", cluster: "lab", role: "ns:web"),
            for: request(hostType)
        )
        let root = try scratch.file("ca.pem", authority.certificate.pem)

        for (file, certificate, purposes) in [
            ("node", node, ["sslserver", "sslclient"]), ("person", person, ["sslclient"]),
        ] {
            let path = try scratch.file("\(file).pem", certificate.pem)
            for purpose in purposes {
                let result = try runTool(
                    ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", root, path]
                )
                #expect(result.status == 0, "\(result.output)")
            }
        }
        let asServer = try runTool(
            [
                "openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", root,
                "\(scratch.path)/person.pem",
            ]
        )
        #expect(asServer.status != 0)
        let itself = try runTool(["openssl", "verify", "-x509_strict", "-check_ss_sig", "-CAfile", root, root])
        #expect(itself.status == 0, "\(itself.output)")
    }

    @Test("an authority says who it is, for ten years, and signs nothing but leaves")
    func authorityContent() throws {
        let authority = try makeAuthority(at: 1_700_000_000).certificate
        let text = try runTool(["openssl", "x509", "-noout", "-text", "-in", scratch.file("ca.pem", authority.pem)])

        #expect(authority.isAuthority)
        #expect(authority.subject.description == "CN=lab,O=swarmctl")
        #expect(authority.issuer == authority.subject)
        #expect(authority.notBefore == 1_700_000_000 - 300)
        #expect(authority.notAfter == 1_700_000_000 + 3650 * 86400)
        #expect(text.output.contains("CA:TRUE, pathlen:0"))
        #expect(text.output.contains("Certificate Sign, CRL Sign"))
        #expect(text.output.contains("ecdsa-with-SHA256"))
        #expect(text.output.components(separatedBy: "critical").count == 3)
    }

    @Test("a node certificate has the names it was given and always the local ones")
    func nodeContent() throws {
        let authority = try makeAuthority()
        let profile = NodeProfile(
            node: "n1",
            cluster: "lab",
            addresses: ["10.0.0.1", "FD00:0::1", "10.0.0.1"],
            dnsNames: ["n1.example.com", "*.apps.example.com"],
            life: .days(7)
        )

        let node = try authority.issue(profile, for: request(), at: authority.certificate.notBefore + 1000)

        #expect(node.subject.commonName == "n1")
        #expect(node.subject.organization == "lab")
        #expect(node.subject.organizationalUnit == nil)
        #expect(node.issuer == authority.certificate.subject)
        #expect(node.dnsNames == ["n1", "n1.example.com", "*.apps.example.com", "localhost"])
        #expect(node.addresses == ["10.0.0.1", "fd00::1", "127.0.0.1", "::1"])
        #expect(node.purposes == [.serverAuth, .clientAuth])
        #expect(!node.isAuthority)
        #expect(node.notBefore == authority.certificate.notBefore + 700)
        #expect(node.notAfter == authority.certificate.notBefore + 1000 + 7 * 86400)
        #expect(node.daysLeft(at: node.notAfter - 86400) == 1)
        #expect(node.daysLeft(at: node.notAfter + 1) == -1)
    }

    @Test("an operator certificate has user, cluster and role, for 90 days, and no names")
    func operatorContent() throws {
        let authority = try makeAuthority()
        let now = authority.certificate.notBefore + 300
        let person = try authority.issue(
            OperatorProfile(user: "Jürgen, ops", cluster: "lab", role: "admin"),
            for: request(),
            at: now
        )

        #expect(person.subject.commonName == "Jürgen, ops")
        #expect(person.subject.organization == "lab")
        #expect(person.subject.organizationalUnit == "admin")
        #expect(person.purposes == [.clientAuth])
        #expect(person.dnsNames.isEmpty && person.addresses.isEmpty)
        #expect(person.notAfter == now + 90 * 86400)
    }

    @Test("serials are 128 random bits: never the same, hardly ever short")
    func serials() throws {
        let authority = try makeAuthority()
        let request = try request()
        let profile = OperatorProfile(user: "ann", cluster: "lab", role: "admin")
        let serials = try (0..<20).map { _ in try authority.issue(profile, for: request).serial }

        #expect(Set(serials).count == 20)
        #expect(serials.allSatisfy { $0.count >= 24 && $0.count <= 32 })
    }

    @Test(
        "names and addresses that could not be what they seem are refused",
        arguments: [
            (address: "10.0.0.1,DNS:evil", name: "ok", error: PKIError.badAddress("10.0.0.1,DNS:evil")),
            (address: "10.0.0.256", name: "ok", error: .badAddress("10.0.0.256")),
            (address: "", name: "ok", error: .badAddress("")),
            (address: "10.0.0.1", name: "a,IP:1.2.3.4", error: .badName(field: "DNS name", value: "a,IP:1.2.3.4")),
            (address: "10.0.0.1", name: "", error: .badName(field: "DNS name", value: "")),
            (address: "10.0.0.1", name: "-a", error: .badName(field: "DNS name", value: "-a")),
            (address: "10.0.0.1", name: "a..b", error: .badName(field: "DNS name", value: "a..b")),
            (address: "10.0.0.1", name: "ä", error: .badName(field: "DNS name", value: "ä")),
        ]
    )
    func badNames(address: String, name: String, error: PKIError) throws {
        let authority = try makeAuthority()
        let profile = NodeProfile(node: "n1", cluster: "lab", addresses: [address], dnsNames: [name])

        #expect(throws: error) { try authority.issue(profile, for: request()) }
    }

    @Test(
        "a subject is 1 to 64 characters without control characters",
        arguments: ["", "a\nb", "a\u{0}", String(repeating: "x", count: 65)]
    )
    func badSubjects(user: String) throws {
        let authority = try makeAuthority()

        #expect(throws: PKIError.badName(field: "user name", value: user)) {
            try authority.issue(OperatorProfile(user: user, cluster: "lab", role: "admin"), for: request())
        }
        #expect(throws: PKIError.badName(field: "cluster name", value: user)) {
            try CertificateAuthority.generate(cluster: user, key: .generate())
        }
    }

    @Test("a life outside 1 to 3650 days is refused", arguments: [0, -1, 3651, Int.max])
    func badLives(days: Int) throws {
        let authority = try makeAuthority()

        #expect(throws: PKIError.badLife(.days(days))) {
            try authority.issue(
                OperatorProfile(user: "ann", cluster: "lab", role: "admin", life: .days(days)),
                for: request()
            )
        }
    }

    @Test("no certificate outlives its authority")
    func cutToAuthority() throws {
        let authority = try makeAuthority()
        let profile = OperatorProfile(user: "ann", cluster: "lab", role: "admin", life: .days(90))

        let late = try authority.issue(profile, for: request(), at: authority.certificate.notAfter - 86400)

        #expect(late.notAfter == authority.certificate.notAfter)
        #expect(throws: PKIError.authorityExpired(cluster: "lab", notAfter: authority.certificate.notAfter)) {
            try authority.issue(profile, for: request(), at: authority.certificate.notAfter + 1)
        }
    }

    @Test("a chain is checked: signer and time")
    func chainCheck() throws {
        let authority = try makeAuthority()
        let other = try makeAuthority()
        let leaf = try authority.issue(
            OperatorProfile(user: "ann", cluster: "lab", role: "admin"),
            for: request()
        )

        try leaf.verify(against: authority.certificate)
        #expect(throws: PKIError.self) { try leaf.verify(against: other.certificate) }
        let late = try #require(throws: PKIError.self) {
            try leaf.verify(against: authority.certificate, at: leaf.notAfter + 1)
        }
        #expect(late == .notTrusted(subject: "CN=ann,OU=admin,O=lab", reason: "certificate has expired"))
        #expect(late.kind == .denied)
    }

    @Test("an authority is a CA certificate with its own key")
    func mismatchedParts() throws {
        let authority = try makeAuthority()
        let leaf = try authority.issue(
            OperatorProfile(user: "ann", cluster: "lab", role: "admin"),
            for: request()
        )

        #expect(throws: PKIError.keyMismatch(certificate: "CN=lab,O=swarmctl", key: "of the authority")) {
            try CertificateAuthority(certificate: authority.certificate, key: .generate())
        }
        #expect(throws: PKIError.notAnAuthority(path: "CN=ann,OU=admin,O=lab")) {
            try CertificateAuthority(certificate: leaf, key: .generate())
        }
    }

    @Test("an authority and 100 node certificates take less than a second")
    func speed() throws {
        let clock = ContinuousClock()
        let request = try request()
        let elapsed = try clock.measure {
            let authority = try makeAuthority()
            for index in 0..<100 {
                let profile = NodeProfile(node: "n\(index)", cluster: "lab", addresses: ["10.0.0.\(index)"])
                _ = try authority.issue(profile, for: request)
            }
        }

        // A second is the aim; the bound is for a machine that does five other things.
        #expect(elapsed < .seconds(10))
    }
}
