// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import PKI
import SwarmCore
import Testing

/// Who gets through the front of an engine, and what the others are told.
@Suite("The front of an engine", .serialized)
struct EngineFrontIntegrationTests {
    private static let port = 24_796

    /// Runs `body` with an authority and a front of the testbed's engine that trusts it.
    private static func withFront(_ body: (AuthorityStore, CertificateAuthority, RunningCommand) async throws -> Void)
        async throws
    {
        try await DaemonProcesses.with { processes in
            let store = AuthorityStore(folder: processes.folder + "/pki")
            let authority = try store.ensureAuthority(cluster: "lab")
            try makeNode("server", in: store, by: authority)
            let front = try await processes.start(
                [
                    "front", "--tlsverify", "--tlscacert", store.authorityCertificatePath, "--tlscert",
                    store.folder + "/server.pem", "--tlskey", store.folder + "/server-key.pem", "--tlscrl",
                    store.revocationListPath, "-H", "tcp://127.0.0.1:\(port)", Testbed.engine,
                ],
                until: "listening"
            )
            try await body(store, authority, front)
        }
    }

    private static func makeNode(_ name: String, in store: AuthorityStore, by authority: CertificateAuthority) throws {
        let key = try PrivateKey.generate()
        let request = try CertificateRequest(commonName: name, key: key)
        let profile = NodeProfile(node: name, cluster: "lab", addresses: [])
        try write(name, try store.issue(profile, for: request, by: authority), key, in: store)
    }

    private static func makePerson(
        _ name: String,
        role: String,
        in store: AuthorityStore,
        by authority: CertificateAuthority
    ) throws -> Certificate {
        let key = try PrivateKey.generate()
        let request = try CertificateRequest(commonName: name, key: key)
        let profile = OperatorProfile(user: name, cluster: "lab", role: role)
        let certificate = try store.issue(profile, for: request, by: authority)
        try write(name, certificate, key, in: store)
        return certificate
    }

    private static func write(_ name: String, _ certificate: Certificate, _ key: PrivateKey, in store: AuthorityStore)
        throws
    {
        try AtomicFile.write(certificate.pem, to: "\(store.folder)/\(name).pem")
        try AtomicFile.write(key.pem, to: "\(store.folder)/\(name)-key.pem")
    }

    private static func docker(_ name: String, _ words: [String], in store: AuthorityStore) async throws
        -> ProgramResult
    {
        try await run(
            "docker",
            [
                "--tlsverify", "--tlscacert", store.authorityCertificatePath, "--tlscert",
                "\(store.folder)/\(name).pem",
                "--tlskey", "\(store.folder)/\(name)-key.pem", "-H", "tcp://localhost:\(port)",
            ] + words,
            timeout: .seconds(60)
        )
    }

    @Test("nodes and admins get through; other roles are told where to go, and all refusals are in the log")
    func roles() async throws {
        try await Self.withFront { store, authority, front in
            try Self.makeNode("node-2", in: store, by: authority)
            for role in ["admin", "operator", "viewer", "ns:blue"] {
                _ = try Self.makePerson("ann-\(role.prefix(2))", role: role, in: store, by: authority)
            }
            let version = ["version", "--format", "{{.Server.Version}}"]

            for name in ["node-2", "ann-ad"] {
                let result = try await Self.docker(name, version, in: store)
                #expect(result.status == 0 && !result.line.isEmpty, "\(name): \(result)")
            }
            for (name, role) in [("ann-op", "operator"), ("ann-vi", "viewer"), ("ann-ns", "ns:blue")] {
                let result = try await Self.docker(name, version, in: store)
                let text = "\"\(name)\" (\(role)) may use the cluster's manager, not its engines"
                #expect(result.status != 0 && result.errors.contains(text), "\(name): \(result)")
                // A request that is sent without waiting for the answer is not worked on either.
                let load = try await Self.docker(name, ["load", "-i", Testbed.busybox], in: store)
                #expect(load.status != 0, "\(name): \(load)")
            }
            front.kill(SIGTERM)
            let log = await front.wait(timeout: .seconds(30)).errors
            for text in ["(operator)", "(viewer)", "(ns:blue)"] {
                #expect(log.contains(text) && log.contains("refused a client"), "\(log)")
            }
        }
    }

    @Test("input that ends is passed on; one whose certificate is revoked is refused, and what is open ends")
    func revocation() async throws {
        try await Self.withFront { store, authority, _ in
            let name = "front-\(UUID().uuidString.prefix(6).lowercased())"
            let certificate = try Self.makePerson("ann", role: "admin", in: store, by: authority)
            let load = try await Self.docker("ann", ["load", "-q", "-i", Testbed.busybox], in: store)
            #expect(load.status == 0, "\(load)")
            // Ends when its input does, which only an end of one direction can tell it.
            let folder = store.folder
            let script = "while [ ! -e \(folder)/over ]; do sleep 0.1; done; echo last"
            let piped = try RunningCommand(
                "sh",
                [
                    "-c",
                    "{ echo first; \(script); } | docker --tlsverify --tlscacert \(folder)/ca.pem --tlscert "
                        + "\(folder)/ann.pem --tlskey \(folder)/ann-key.pem -H tcp://localhost:\(Self.port) "
                        + "run --rm -i --name \(name) --network none busybox cat",
                ]
            )
            try await eventually("the container runs") {
                try await Self.docker("ann", ["top", name], in: store).status == 0
            }

            try AtomicFile.write([], to: folder + "/over")
            let end = await piped.wait(timeout: .seconds(60))
            #expect(end.status == 0 && end.output == "first\nlast\n", "\(end)")
            let stream = try RunningCommand(
                "curl",
                [
                    "-svN", "--cert", folder + "/ann.pem", "--key", folder + "/ann-key.pem", "--cacert",
                    folder + "/ca.pem", "https://localhost:\(Self.port)/events",
                ]
            )
            let lines = stream.errorLines
            try await withDeadline(.after(.seconds(60)), operation: "waiting for the stream of events") {
                for await line in lines where line.contains("HTTP/1.1 200") {
                    return
                }
            }

            try store.index.revoke([certificate.serial])
            try store.writeRevocationList(by: authority)

            let refused = try await Self.docker("ann", ["version"], in: store)
            #expect(refused.status != 0 && refused.errors.contains("tls:"), "\(refused)")
            #expect(await stream.wait(timeout: .seconds(60)).status != 128 + SIGKILL, "the stream went on")
        }
    }
}
