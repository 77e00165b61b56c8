// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import PKI
import SwarmCore
import Testing

/// The content of a file.
func contents(_ path: String) throws -> [UInt8] {
    try AtomicFile.read(path)
}

@Suite("AuthorityStore")
struct AuthorityStoreTests {
    let scratch: ScratchFolder
    let store: AuthorityStore

    init() throws {
        scratch = try ScratchFolder()
        store = AuthorityStore(folder: "\(scratch.path)/clusters/lab/pki")
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test("the folder is what DOCKER_CERT_PATH wants, its keys readable by the owner alone")
    func layout() throws {
        let authority = try store.ensureAuthority(cluster: "lab")
        let person = try store.ensureOperator(
            OperatorProfile(user: "ann", cluster: "lab", role: "admin"),
            authority: authority
        )

        #expect(try mode(store.folder) == 0o700)
        #expect(try mode(store.authorityKeyPath) == 0o600)
        #expect(try mode(store.keyPath) == 0o600)
        #expect(try Certificate(pem: contents("\(store.folder)/ca.pem")) == authority.certificate)
        #expect(try Certificate(pem: contents("\(store.folder)/cert.pem")) == person)
        #expect(try person.matches(PrivateKey(pem: contents("\(store.folder)/key.pem"))))
    }

    @Test("asked again, nothing changes")
    func idempotent() throws {
        let profile = OperatorProfile(user: "ann", cluster: "lab", role: "admin")
        let first = try store.ensureAuthority(cluster: "lab")
        let person = try store.ensureOperator(profile, authority: first)
        let second = try store.ensureAuthority(cluster: "other")

        #expect(first.certificate == second.certificate)
        #expect(try store.ensureOperator(profile, authority: second) == person)
    }

    @Test("50 tasks at once on an empty folder make one authority")
    func concurrentTasks() async throws {
        let found = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 {
                group.addTask { [store] in
                    try await runBlocking { try store.ensureAuthority(cluster: "lab").certificate.fingerprint }
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }

        #expect(found.count == 1)
        #expect(try store.authority()?.certificate.fingerprint == found.first)
    }

    @Test("a run that waits for another process's lock takes what that process made")
    func lockIsHeldByAnotherProcess() async throws {
        try AtomicFile.makeFolder(store.folder)
        let ready = "\(scratch.path)/ready"
        let other = AuthorityStore(folder: "\(scratch.path)/other")
        let made = try other.ensureAuthority(cluster: "lab")
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/bin/sh")
        // Holds the lock until told, writing the authority in the meantime.
        let script = """
            exec 9>'\(store.folder)/.lock'; flock 9; touch '\(ready)'; read line
            cp '\(other.folder)/ca-key.pem' '\(other.folder)/ca.pem' '\(store.folder)/'
            """
        holder.arguments = ["-c", script]
        let input = Pipe()
        holder.standardInput = input
        try holder.run()
        while !AtomicFile.exists(ready) {
            await Task.yield()
        }

        async let waiting = runBlocking { [store] in try store.ensureAuthority(cluster: "lab") }
        try input.fileHandleForWriting.write(contentsOf: Data("go\n".utf8))
        let found = try await waiting
        holder.waitUntilExit()

        #expect(found.certificate == made.certificate)
    }

    @Test("a run that was killed after writing the key is completed with that key")
    func keyWithoutCertificate() throws {
        let made = try store.ensureAuthority(cluster: "lab")
        try FileManager.default.removeItem(atPath: store.authorityCertificatePath)

        let completed = try store.ensureAuthority(cluster: "lab")

        #expect(completed.key.pem == made.key.pem)
        #expect(try completed.certificate.matches(made.key))
    }

    @Test("a certificate without its key is an error, and stays")
    func certificateWithoutKey() throws {
        let made = try store.ensureAuthority(cluster: "lab")
        try FileManager.default.removeItem(atPath: store.authorityKeyPath)

        let error = try #require(throws: PKIError.self) { try store.ensureAuthority(cluster: "lab") }

        #expect(error == .authorityIncomplete(folder: store.folder, missing: store.authorityKeyPath))
        #expect(error.hint?.contains("backup") == true)
        #expect(try Certificate(pem: contents(store.authorityCertificatePath)) == made.certificate)
        #expect(!AtomicFile.exists(store.authorityKeyPath))
    }

    @Test("an expired authority is an error with a way out, and stays")
    func expired() throws {
        try AtomicFile.makeFolder(store.folder)
        let old = try CertificateAuthority.generate(cluster: "lab", key: .generate(), at: 1_000_000_000)
        try AtomicFile.write(old.key.pem, to: store.authorityKeyPath)
        try AtomicFile.write(old.certificate.pem, to: store.authorityCertificatePath)

        let error = try #require(throws: PKIError.self) { try store.ensureAuthority(cluster: "lab") }

        #expect(error == .authorityExpired(cluster: "lab", notAfter: 1_000_000_000 + 3650 * 86400))
        #expect(error.message.contains("ended on 2011-09-07"))
        #expect(error.hint?.contains("swarmctl rotate certs lab --ca") == true)
        #expect(try contents(store.authorityCertificatePath) == old.certificate.pem)
    }

    @Test("key and certificate of different authorities are an error")
    func mixedUp() throws {
        _ = try store.ensureAuthority(cluster: "lab")
        try AtomicFile.write(PrivateKey.generate().pem, to: store.authorityKeyPath)

        #expect(
            throws: PKIError.keyMismatch(certificate: store.authorityCertificatePath, key: store.authorityKeyPath)
        ) {
            try store.ensureAuthority(cluster: "lab")
        }
    }

    @Test("an authority with a passphrase is written encrypted and needs it")
    func passphrase() throws {
        let secret = Array("pass".utf8)
        let made = try store.ensureAuthority(cluster: "lab", passphrase: secret)

        #expect(String(decoding: try contents(store.authorityKeyPath), as: UTF8.self).contains("ENCRYPTED"))
        #expect(throws: PKIError.keyLocked) { try store.ensureAuthority(cluster: "lab") }
        #expect(try store.ensureAuthority(cluster: "lab", passphrase: secret).certificate == made.certificate)
    }

    @Test("an operator certificate is renewed when it is another's, or ends soon")
    func operatorRenewal() throws {
        let authority = try store.ensureAuthority(cluster: "lab")
        let ann = OperatorProfile(user: "ann", cluster: "lab", role: "admin")
        let first = try store.ensureOperator(ann, authority: authority)

        var viewer = ann
        viewer.role = "viewer"
        let second = try store.ensureOperator(viewer, authority: authority)
        let third = try store.ensureOperator(
            OperatorProfile(user: "ann", cluster: "lab", role: "viewer", life: .days(400)),
            authority: authority,
            renewingWithin: 100
        )

        #expect(second.subject.organizationalUnit == "viewer")
        #expect(second.serial != first.serial)
        #expect(third.serial != second.serial)
        #expect(third.daysLeft() >= 399)
    }
}
