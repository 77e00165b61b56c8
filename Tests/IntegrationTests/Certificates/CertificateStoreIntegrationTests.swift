// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Machines
import PKI
import SwarmCore
import Testing

/// One store of certificates and many processes of swarmctl that use it at once.
@Suite("A store that many use at once", .serialized)
struct CertificateStoreIntegrationTests {
    private static let count = 50

    /// A cluster without hosts, which is all that issuing needs.
    private static func makeCluster(in sandbox: Sandbox) throws -> AuthorityStore {
        let store = MachineStore(root: sandbox.store)
        var cluster = ClusterRecord(id: "lab", spec: ClusterSpec(name: "lab", driver: "none"), createdAt: 0)
        cluster.isComplete = true
        try store.save(cluster)
        return AuthorityStore(folder: store.pkiFolder(of: "lab"))
    }

    private static func words(_ number: Int, in sandbox: Sandbox) -> [String] {
        ["certs", "issue", "user-\(number)", "--role", "viewer", "--out", folder(number, in: sandbox)]
    }

    private static func folder(_ number: Int, in sandbox: Sandbox) -> String { "\(sandbox.folder)/user-\(number)" }

    /// How many lines the index has; 0 before there is one.
    private static func lines(_ store: AuthorityStore) -> Int {
        ((try? AtomicFile.read(store.index.path)) ?? []).count { $0 == UInt8(ascii: "\n") }
    }

    /// Kills each of `victims` when the index has grown, so that each is at another point of its work.
    private static func kill(_ victims: [RunningCommand], _ store: AuthorityStore) async throws {
        var last = 0
        for victim in victims {
            let deadline = Deadline.after(.seconds(5))
            while lines(store) <= last, !deadline.hasPassed {
                try await ContinuousClock().sleep(for: .milliseconds(1))
            }
            last = lines(store)
            victim.kill(SIGKILL)
        }
    }

    /// What was given out: each folder that is there is complete, and its serial number.
    private static func serials(_ store: AuthorityStore, in sandbox: Sandbox) throws -> [String] {
        let authority = try #require(try store.authority())
        return try (0..<count).map { folder($0, in: sandbox) }.filter(AtomicFile.exists).map { folder in
            let certificate = try Certificate(pem: AtomicFile.read(folder + "/cert.pem"))
            #expect(try certificate.matches(PrivateKey(pem: AtomicFile.read(folder + "/key.pem"))))
            #expect(try AtomicFile.read(folder + "/ca.pem") == authority.certificate.pem)
            try certificate.verify(against: authority.certificate)
            return certificate.serial
        }
    }

    @Test("fifty issues at once, some killed, and again: no serial twice, nothing given out is missing, no half file")
    func concurrentProcesses() async throws {
        try await Sandbox.with { sandbox in
            let store = try Self.makeCluster(in: sandbox)
            let running = try (0..<Self.count).map { try sandbox.start(Self.words($0, in: sandbox)) }
            try await Self.kill(stride(from: 1, to: Self.count, by: 5).map { running[$0] }, store)
            var statuses: [Int32] = []
            for process in running {
                statuses.append(await process.wait(timeout: .seconds(240)).status)
            }
            #expect(statuses.allSatisfy { $0 == 0 || $0 == 128 + SIGKILL }, "\(statuses)")
            #expect(statuses.contains(128 + SIGKILL), "none was killed before its end")
            let given = try Self.serials(store, in: sandbox)
            let noted = try store.index.entries()
            #expect(given.count >= statuses.count { $0 == 0 })
            #expect(Set(given).isSubset(of: noted.map(\.serial)))
            #expect(Self.lines(store) == noted.count, "the index has lines that cannot be read")

            for number in 0..<Self.count where !AtomicFile.exists(Self.folder(number, in: sandbox)) {
                let again = try await sandbox.swarmctl(Self.words(number, in: sandbox))
                #expect(again.status == 0, "\(again)")
            }

            let all = try Self.serials(store, in: sandbox)
            #expect(Set(all).count == Self.count)
            let listed = try await sandbox.swarmctl(["certs", "ls", "lab", "--all", "--format", "json"])
            #expect(all.allSatisfy { listed.output.contains($0) }, "\(listed)")
            let revoked = try await sandbox.swarmctl(["certs", "revoke", "user-7"])
            #expect(revoked.status == 0, "\(revoked)")
        }
    }

    @Test("a role or a name of a namespace that nobody can have is refused before the cluster is looked for")
    func badRoles() async throws {
        try await Sandbox.with { sandbox in
            let long = String(repeating: "a", count: 64)
            for role in ["root", "ns:", "ns:Team", "ns:-a", "ns:a.b", "ns:library", "ns:localhost", "ns:\(long)"] {
                for words in [["certs", "issue", "ann"], ["export", "cluster", "lab", "--for", "ann"]] {
                    let result = try await sandbox.swarmctl(words + ["--role", role])
                    #expect(result.status == 64 && result.errors.contains("--role takes"), "\(role): \(result)")
                }
            }
            let missing = try await sandbox.swarmctl(["certs", "issue", "ann", "--role", "ns:a-b_1"])
            #expect(missing.status == 10, "\(missing)")
            for days in ["0", "3651", "9s", "1w", "-1", ""] {
                let result = try await sandbox.swarmctl(["certs", "issue", "ann", "--days=\(days)"])
                #expect(result.status == 64, "\(days): \(result)")
            }
        }
    }
}
