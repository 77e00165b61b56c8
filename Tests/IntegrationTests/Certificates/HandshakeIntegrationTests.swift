// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import PKI
import SwarmCore
import Testing

/// Who gets through the manager's handshake: real clients, and certificates good and bad in every way.
@Suite("Handshakes with the manager", .serialized)
struct HandshakeIntegrationTests {
    /// A folder with an authority, the manager's certificate, and those of clients.
    private struct Identities {
        let folder: String
        let store: AuthorityStore
        let authority: CertificateAuthority

        init(folder: String) throws {
            self.folder = folder
            store = AuthorityStore(folder: folder + "/pki")
            authority = try store.ensureAuthority(cluster: "lab")
            let key = try PrivateKey.generate()
            let request = try CertificateRequest(commonName: "node", key: key)
            let profile = NodeProfile(node: "node", cluster: "lab", addresses: [])
            try AtomicFile.write(store.issue(profile, for: request, by: authority).pem, to: folder + "/server.pem")
            try AtomicFile.write(key.pem, to: folder + "/server-key.pem")
        }

        /// Makes credentials of a client in a folder of its own.
        func make(_ name: String, by signer: CertificateAuthority? = nil, at time: Int? = nil) throws -> Certificate {
            let key = try PrivateKey.generate()
            let profile = OperatorProfile(user: name, cluster: "lab", role: "admin")
            let request = try CertificateRequest(commonName: name, key: key)
            let certificate = try (signer ?? authority).issue(profile, for: request, at: time)
            try store.index.add(certificate)
            try write(name, certificate: certificate.pem, key: key.pem)
            return certificate
        }

        func write(_ name: String, certificate: [UInt8], key: [UInt8]) throws {
            try AtomicFile.makeFolder("\(folder)/\(name)")
            try AtomicFile.write(authority.certificate.pem, to: "\(folder)/\(name)/ca.pem")
            try AtomicFile.write(certificate, to: "\(folder)/\(name)/cert.pem")
            try AtomicFile.write(key, to: "\(folder)/\(name)/key.pem")
        }

        /// What only openssl makes: a certificate with another purpose, or signed by itself.
        func makeOddOnes() async throws {
            for name in ["purpose", "itself"] {
                let key = try PrivateKey.generate()
                try write(name, certificate: [], key: key.pem)
                try AtomicFile.write(
                    CertificateRequest(commonName: name, key: key).pem,
                    to: "\(folder)/\(name)/csr.pem"
                )
            }
            try AtomicFile.write("extendedKeyUsage=serverAuth\n", to: "\(folder)/purpose/extensions")
            let commands = [
                "x509 -req -in purpose/csr.pem -CA pki/ca.pem -CAkey pki/ca-key.pem -CAcreateserial -days 1 "
                    + "-extfile purpose/extensions -out purpose/cert.pem",
                "req -x509 -key itself/key.pem -days 1 -subj /O=lab/OU=admin/CN=itself -out itself/cert.pem",
            ]
            for command in commands {
                let made = try await run("sh", ["-c", "cd \(folder) && openssl \(command)"])
                try #require(made.status == 0, "\(made)")
            }
        }
    }

    /// Runs `body` with identities, the port of a manager that asks for them, and the manager.
    private static func withManager(
        _ body: (Identities, Int, RunningCommand) async throws -> Void
    ) async throws {
        try await DaemonProcesses.with { processes in
            let identities = try Identities(folder: processes.folder)
            let port = 24_790
            let manager = try await processes.start(
                [
                    "manage", "--tlsverify", "--tlscacert", identities.store.authorityCertificatePath, "--tlscert",
                    identities.folder + "/server.pem", "--tlskey", identities.folder + "/server-key.pem", "--tlscrl",
                    identities.store.revocationListPath, "--state-dir", identities.folder + "/state", "-H",
                    "tcp://127.0.0.1:\(port)", "nodes://127.0.0.1:1",
                ],
                of: Testbed.swarmctl,
                until: "listening"
            )
            try await body(identities, port, manager)
        }
    }

    /// What curl gets with a client's files, and what it says.
    private static func curl(
        _ identities: Identities,
        _ client: String?,
        port: Int,
        trusting authority: String = "pki/ca.pem"
    ) async throws -> ProgramResult {
        let own = client.map {
            ["--cert", "\(identities.folder)/\($0)/cert.pem", "--key", "\(identities.folder)/\($0)/key.pem"]
        }
        return try await run(
            "curl",
            ["-sS", "--max-time", "30", "--cacert", "\(identities.folder)/\(authority)"] + (own ?? [])
                + ["https://localhost:\(port)/_ping"]
        )
    }

    @Test("only a certificate of this authority, in force, for clients and not revoked gets through")
    func table() async throws {
        try await Self.withManager { identities, port, manager in
            let now = Int(Date().timeIntervalSince1970)
            let other = try CertificateAuthority.generate(cluster: "lab", key: .generate())
            _ = try identities.make("good")
            _ = try identities.make("foreign", by: other)
            _ = try identities.make("expired", at: now - 91 * 86_400)
            let revoked = try identities.make("revoked")
            try await identities.makeOddOnes()
            #expect(try await Self.curl(identities, "revoked", port: port).output == "OK")
            try identities.store.index.revoke([revoked.serial])
            try identities.store.writeRevocationList(by: identities.authority)

            var table = "\n\("CLIENT".padded) EXPECTED  GOT\n"
            let clients: [(name: String?, isTaken: Bool)] = [
                ("good", true), ("foreign", false), ("expired", false), ("revoked", false), ("purpose", false),
                ("itself", false), (nil, false),
            ]
            for (name, isTaken) in clients {
                let result = try await Self.curl(identities, name, port: port)
                let got = result.status == 0 ? "accepted" : "refused: \(result.errors.prefix { $0 != "\n" })"
                table += "\((name ?? "no certificate").padded) \(isTaken ? "accepted" : "refused ")  \(got)\n"
                #expect((result.status == 0) == isTaken, "\(name ?? "none"): \(result)")
                #expect(isTaken || result.output.isEmpty, "\(result)")
            }
            let old = try await run(
                "openssl",
                [
                    "s_client", "-connect", "127.0.0.1:\(port)", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-cert",
                    "\(identities.folder)/good/cert.pem", "-key", "\(identities.folder)/good/key.pem",
                ]
            )
            table += "\("good, with TLS 1.1".padded) refused   \(old.status == 0 ? "accepted" : "refused")\n"
            #expect(old.status != 0 && old.errors.contains("protocol version"), "\(old)")
            let wrong = try await Self.curl(identities, "good", port: port, trusting: "itself/cert.pem")
            table +=
                "\("good, trusts another".padded) refused   \(wrong.status == 0 ? "accepted" : "refused by the client")\n"
            #expect(wrong.status == 60 && wrong.output.isEmpty, "\(wrong)")
            FileHandle.standardError.write(Data(table.utf8))
            manager.kill(SIGTERM)
            let log = await manager.wait(timeout: .seconds(30)).errors
            for reason in [
                "the certificate of \"foreign\" is not one of this cluster's",
                "the certificate of \"expired\" has expired",
                "the certificate of \"revoked\" was revoked",
                "the certificate of \"purpose\" is not one of this cluster's",
                "the certificate of \"itself\" is not one of this cluster's", "client refused",
            ] {
                #expect(log.contains(reason), "\(reason) is not in the log:\n\(log)")
            }
        }
    }

    @Test("what somebody has open ends when the certificate is revoked, and nobody else's does")
    func revokedWhileConnected() async throws {
        try await Self.withManager { identities, port, manager in
            let ann = try identities.make("ann")
            _ = try identities.make("bob")
            let stream = try await Self.open("ann", identities, port)
            let other = try await Self.open("bob", identities, port)
            let waiting = try await Self.open("ann", identities, port, isIdle: true)
            defer { other.kill() }

            try identities.store.index.revoke([ann.serial])
            try identities.store.writeRevocationList(by: identities.authority)

            #expect(await stream.wait(timeout: .seconds(60)).status != 128 + SIGKILL)
            #expect(await waiting.wait(timeout: .seconds(60)).status != 128 + SIGKILL)
            #expect(try await Self.curl(identities, "ann", port: port).status != 0)
            #expect(try await Self.curl(identities, "bob", port: port).output == "OK")
            other.kill(SIGINT)
            #expect(await other.wait(timeout: .seconds(60)).status == 128 + SIGINT, "bob's stream had ended")
            manager.kill(SIGTERM)
            let end = await manager.wait(timeout: .seconds(30))
            #expect(
                end.errors.contains("the certificate of \"ann\" was revoked while it was connected"),
                "\(end.errors)"
            )
        }
    }

    /// Opens the stream of events as a client, or a connection on which nothing is asked after the first request.
    private static func open(
        _ client: String,
        _ identities: Identities,
        _ port: Int,
        isIdle: Bool = false
    ) async throws -> RunningCommand {
        let own = "\(identities.folder)/\(client)"
        let files = ["\(own)/cert.pem", "\(own)/key.pem"]
        let command =
            isIdle
            ? try RunningCommand(
                "openssl",
                [
                    "s_client", "-connect", "localhost:\(port)", "-cert", files[0], "-key", files[1], "-ign_eof",
                    "-brief",
                ],
                input: Data("GET /_ping HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
            )
            : try RunningCommand(
                "curl",
                ["-svN", "--cert", files[0], "--key", files[1], "--cacert", "\(own)/ca.pem"]
                    + ["https://localhost:\(port)/events"]
            )
        let sign = isIdle ? "CONNECTION ESTABLISHED" : "HTTP/1.1 200"
        let lines = command.errorLines
        try await withDeadline(.after(.seconds(60)), operation: "waiting for \"\(sign)\"") {
            for await line in lines where line.contains(sign) {
                return
            }
        }
        return command
    }

    @Test("openssl, the docker CLI, docker-py and Java take the manager's certificate and are taken")
    func clients() async throws {
        try await Self.withManager { identities, port, _ in
            _ = try identities.make("good")
            let own = identities.folder + "/good"
            let files = ["-CAfile", own + "/ca.pem", "-cert", own + "/cert.pem", "-key", own + "/key.pem"]

            let openssl = try await run(
                "openssl",
                ["s_client", "-connect", "localhost:\(port)", "-verify_hostname", "localhost", "-x509_strict"]
                    + ["-verify_return_error", "-brief"] + files,
                input: Data()
            )
            #expect(openssl.errors.contains("Verification: OK"), "\(openssl)")

            let docker = try await run(
                "docker",
                ["--tlsverify", "--tlscacert", own + "/ca.pem", "--tlscert", own + "/cert.pem", "--tlskey"]
                    + [own + "/key.pem", "-H", "tcp://localhost:\(port)", "version", "--format", "{{.Server.Version}}"]
            )
            #expect(docker.line.hasPrefix("swarm/"), "\(docker)")

            let python = try await run(Testbed.checkout + "/Scripts/testbed/docker-py.sh", [])
            let script = "import docker; print(docker.from_env().ping())"
            let library = try await run(
                python.line,
                ["-c", script],
                environment: [
                    "DOCKER_HOST": "tcp://localhost:\(port)", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": own,
                    // These would count more than the cluster's own authority.
                    "REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "",
                ]
            )
            #expect(library.line == "True", "\(library)")
            try await Self.expectJava(own, port: port)
        }
    }

    /// ZooKeeper's client for four-letter words sends any text over TLS, and is there without a compiler.
    private static func expectJava(_ own: String, port: Int) async throws {
        let made = try await run(
            "sh",
            [
                "-ec",
                """
                cd \(own)
                openssl pkcs12 -export -in cert.pem -inkey key.pem -name own -out own.p12 -passout pass:changeit
                keytool -importcert -noprompt -alias ca -file ca.pem -keystore ca.p12 -storetype PKCS12 -storepass changeit
                """,
            ]
        )
        try #require(made.status == 0, "\(made)")
        let settings = [
            "ssl.keyStore.location=\(own)/own.p12", "ssl.keyStore.password=changeit", "ssl.keyStore.type=PKCS12",
            "ssl.trustStore.location=\(own)/ca.p12", "ssl.trustStore.password=changeit", "ssl.trustStore.type=PKCS12",
        ].map { "-Dzookeeper.\($0)" }
        let java = try await run(
            "java",
            settings + [
                "-cp", "/usr/share/java/*", "org.apache.zookeeper.client.FourLetterWordMain", "localhost", "\(port)",
                "GET /_ping HTTP/1.0\r\n\r\n", "true",
            ]
        )
        #expect(java.output.contains("200 OK"), "\(java)")
    }

    @Test("a certificate that expires is refused with the reason in the manager's log, and one made anew is taken")
    func expiry() async throws {
        try await Self.withManager { identities, port, manager in
            let now = Int(Date().timeIntervalSince1970)
            // Ninety days that end in a few seconds.
            _ = try identities.make("ann", at: now - 90 * 86_400 + 20)
            let before = try await Self.curl(identities, "ann", port: port)
            #expect(before.output == "OK", "\(before)")

            var after = before
            for _ in 0..<240 where after.status == 0 {
                try await ContinuousClock().sleep(for: .milliseconds(500))
                after = try await Self.curl(identities, "ann", port: port)
            }

            #expect(after.errors.contains("expired"), "\(after)")
            _ = try identities.make("ann")
            #expect(try await Self.curl(identities, "ann", port: port).output == "OK")
            manager.kill(SIGTERM)
            let end = await manager.wait(timeout: .seconds(30))
            #expect(end.errors.contains("the certificate of \"ann\" has expired"), "\(end.errors)")
        }
    }
}

extension String {
    /// As wide as a column of the table.
    fileprivate var padded: String { padding(toLength: 20, withPad: " ", startingAt: 0) }
}
