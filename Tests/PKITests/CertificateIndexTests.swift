// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import PKI
import SwarmCore
import Testing

@Suite("CertificateIndex")
struct CertificateIndexTests {
    let scratch: ScratchFolder
    let store: AuthorityStore

    init() throws {
        scratch = try ScratchFolder()
        store = AuthorityStore(folder: scratch.path + "/pki")
    }

    private func issue(_ user: String, by authority: CertificateAuthority) throws -> Certificate {
        let request = try CertificateRequest(commonName: user, key: .generate())
        return try store.issue(
            OperatorProfile(user: user, cluster: "lab", role: "operator"),
            for: request,
            by: authority
        )
    }

    @Test("fifty at once have fifty serial numbers, and all are in the index")
    func concurrentIssues() async throws {
        let authority = try store.ensureAuthority(cluster: "lab")

        let serials = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<50 {
                group.addTask { try await runBlocking { try issue("user-\(number)", by: authority).serial } }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }

        #expect(serials.count == 50)
        #expect(Set(try store.index.entries().map(\.serial)) == serials)
    }

    @Test("half a line of a process that was killed costs nothing but itself")
    func tornLine() throws {
        let authority = try store.ensureAuthority(cluster: "lab")
        let first = try issue("ann", by: authority)
        let whole = try AtomicFile.read(store.index.path)
        try AtomicFile.write(whole + whole.prefix(40), to: store.index.path)

        let second = try issue("bob", by: authority)

        #expect(try store.index.entries().map(\.serial) == [first.serial, second.serial])
    }

    @Test("openssl refuses what the list of revoked certificates names, and nothing else")
    func revocation() throws {
        let authority = try store.ensureAuthority(cluster: "lab")
        let ann = try issue("ann", by: authority)
        let bob = try issue("bob", by: authority)
        try store.index.revoke([ann.serial])

        try store.writeRevocationList(by: authority)

        let check = [
            "openssl", "verify", "-x509_strict", "-crl_check", "-CAfile", store.authorityCertificatePath, "-CRLfile",
            store.revocationListPath,
        ]
        let refused = try runTool(check + [scratch.file("ann.pem", ann.pem)])
        let taken = try runTool(check + [scratch.file("bob.pem", bob.pem)])
        #expect(refused.output.contains("certificate revoked"), "\(refused.output)")
        #expect(taken.status == 0, "\(taken.output)")
        let list = try runTool(
            ["openssl", "crl", "-in", store.revocationListPath, "-CAfile", store.authorityCertificatePath, "-noout"]
        )
        #expect(list.output.contains("verify OK"), "\(list.output)")
        #expect(try store.index.entries().map { $0.revokedAt != nil } == [true, false])
    }

    @Test("an authority and the certificates of a hundred nodes are made within a second")
    func speed() throws {
        let clock = ContinuousClock()
        var keys: [CertificateRequest] = []
        for number in 0..<100 {
            // Nodes make their keys themselves.
            keys.append(try CertificateRequest(commonName: "n\(number)", key: .generate()))
        }

        let time = try clock.measure {
            let authority = try store.ensureAuthority(cluster: "lab")
            for (number, request) in keys.enumerated() {
                let profile = NodeProfile(node: "n\(number)", cluster: "lab", addresses: ["10.0.0.\(number)"])
                _ = try store.issue(profile, for: request, by: authority)
            }
        }

        #expect(try store.index.entries().count == 100)
        // A second is the aim; the bound is for a machine that does five other things.
        #expect(time < .seconds(10), "\(time)")
    }
}

@Suite("An authority's replacement")
struct AuthorityReplacementTests {
    let scratch: ScratchFolder
    let store: AuthorityStore

    init() throws {
        scratch = try ScratchFolder()
        store = AuthorityStore(folder: scratch.path + "/pki")
    }

    @Test("both are trusted, then the new one signs, then the old one is gone; each step may be done twice")
    func phases() throws {
        for passphrase in [nil, Array("secret".utf8)] {
            let store = AuthorityStore(folder: "\(store.folder)-\(passphrase == nil)")
            let old = try store.ensureAuthority(cluster: "lab", passphrase: passphrase)
            for _ in 0..<2 {
                try store.beginReplacement(cluster: "lab", keyType: .p256, passphrase: passphrase)
            }
            let trusting = try #require(try store.authority(passphrase: passphrase))
            for _ in 0..<2 {
                try store.useReplacement()
            }
            let changed = try #require(try store.authority(passphrase: passphrase))
            for _ in 0..<2 {
                try store.endReplacement(changed)
            }
            let new = try #require(try store.authority(passphrase: passphrase))

            #expect(trusting.certificate == old.certificate)
            #expect(try Certificate.all(in: trusting.trust) == [old.certificate, changed.certificate])
            #expect(changed.certificate != old.certificate)
            #expect(changed.trust == trusting.trust)
            #expect(new.certificate == changed.certificate)
            #expect(new.trust == new.certificate.pem)
        }
    }

    @Test("a replacement that was killed at its very end does not spoil the next one")
    func leftovers() throws {
        let first = try store.ensureAuthority(cluster: "lab")
        try store.beginReplacement(cluster: "lab", keyType: .p256, passphrase: nil)
        try store.useReplacement()
        let second = try #require(try store.authority())
        // As `endReplacement` leaves it when it is killed before it removes what is not needed any more.
        try AtomicFile.write(second.certificate.pem, to: store.authorityCertificatePath, mode: 0o644)

        try store.beginReplacement(cluster: "lab", keyType: .p256, passphrase: nil)

        let trusted = try Certificate.all(in: AtomicFile.read(store.authorityCertificatePath))
        #expect(trusted.count == 2)
        #expect(trusted.first == second.certificate)
        #expect(!trusted.contains(first.certificate))
    }

    @Test("an authority that has ended is given only to those who ask for such a one")
    func ended() throws {
        try AtomicFile.makeFolder(store.folder)
        let key = try PrivateKey.generate()
        let old = try CertificateAuthority.generate(cluster: "lab", key: key, at: 1_000_000_000)
        try AtomicFile.write(key.pem, to: store.authorityKeyPath)
        try AtomicFile.write(old.certificate.pem, to: store.authorityCertificatePath)

        #expect(throws: PKIError.self) { try store.authority() }
        #expect(try store.authority(mayHaveEnded: true)?.certificate == old.certificate)
    }
}
