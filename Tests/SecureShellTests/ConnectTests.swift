// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import PKI
import SecureShell
import SwarmCore
import Testing

extension OverSSH {
    @Suite("Connecting over SSH", .timeLimit(.minutes(2)))
    struct ConnectTests {
        let server: TestServer

        init() async throws {
            server = try await TestServer()
        }

        private func failure(
            _ destination: SSHDestination,
            _ options: SSHOptions? = nil,
            within limit: Duration = .seconds(20)
        ) async throws -> SSHError {
            try await #require(throws: SSHError.self) {
                try await SSHConnection.connect(
                    to: destination,
                    options: options ?? server.options,
                    deadline: .after(limit)
                )
            }
        }

        @Test("the host's key is pinned on first use and accepted from then on")
        func pinning() async throws {
            let first = try await server.connect()
            let entries = try server.knownHosts.entries(host: "127.0.0.1", port: server.port)
            _ = try await server.connect()

            #expect(server.hostKey.publicKey.hasPrefix(first.hostKey))
            #expect(entries.count == 1)
            #expect(entries.first?.type == "ssh-ed25519")
            #expect(try server.knownHosts.entries(host: "127.0.0.1", port: server.port) == entries)
            #expect(try shell("ssh-keygen -F '[127.0.0.1]:\(server.port)' -f '\(server.knownHosts.path)'").status == 0)
        }

        @Test("a changed host key is refused with both fingerprints, file and line")
        func changedHostKey() async throws {
            let other = try SSHKeyPair.generate(comment: "other")
            let text = "# a comment\n[127.0.0.1]:\(server.port) \(other.publicKey)\n"
            try AtomicFile.write(text, to: server.knownHosts.path)

            let error = try await failure(server.destination)

            let expected = HostKeyChange(
                endpoint: server.endpoint,
                file: server.knownHosts.path,
                line: 2,
                expected: other.fingerprint,
                received: server.hostKey.fingerprint
            )
            #expect(error == .hostKeyChanged(expected))
            #expect(error.kind == .denied)
            #expect(error.message.contains("\(server.knownHosts.path):2"))
            #expect(try AtomicFile.readText(server.knownHosts.path) == text)
        }

        @Test("a host whose key must be known is refused before any key is offered")
        func unknownHostKey() async throws {
            var options = server.options
            options.newHostKeys = .refuse

            let error = try await failure(server.destination, options)
            try options.knownHosts.pin(server.hostKey.publicKey, host: "127.0.0.1", port: server.port)

            #expect(
                error
                    == .hostKeyUnknown(
                        server.endpoint,
                        fingerprint: server.hostKey.fingerprint,
                        file: server.knownHosts.path
                    )
            )
            #expect(try !AtomicFile.readText(server.path("log")).contains("publickey"))
            _ = try await SSHConnection.connect(
                to: server.destination,
                options: options,
                deadline: .after(.seconds(20))
            )
        }

        @Test("a wrong key is an error that names what was offered")
        func wrongKey() async throws {
            let other = try SSHKeyPair.generate(comment: "other")
            try AtomicFile.write(other.privateKey, to: server.path("id_other"))
            var destination = server.destination
            destination.identityFiles = [server.path("id_other")]

            let error = try await failure(destination)

            let offer = AuthenticationReport.Offer(
                source: server.path("id_other"),
                type: "ssh-ed25519",
                fingerprint: other.fingerprint
            )
            #expect(
                error
                    == .authentication(
                        server.endpoint,
                        AuthenticationReport(offers: [offer], acceptedMethods: ["publickey"])
                    )
            )
            #expect(error.kind == .denied)
        }

        @Test("a refused RSA key comes with the reason and the way out")
        func rsaKey() async throws {
            try #require(try shell("ssh-keygen -q -t rsa -b 2048 -N '' -f '\(server.path("id_rsa"))'").status == 0)
            _ = try shell("cat '\(server.path("id_rsa.pub"))' >> '\(server.path("authorized_keys"))'")
            var destination = server.destination
            destination.identityFiles = [server.path("id_rsa")]

            let error = try await failure(destination)

            #expect(error.message.contains("ssh-rsa SHA256:"))
            #expect(error.hint?.contains("ssh-keygen -t ed25519") == true)
        }

        @Test("a closed port is refused, a silent one times out, a name that is none is said so")
        func unreachable() async throws {
            let closed = SSHEndpoint(user: "root", host: "127.0.0.1", port: try LoopbackSocket.freePort())
            let (silentFile, silentPort) = try LoopbackSocket.listen()
            defer { close(silentFile) }
            let silent = SSHEndpoint(user: "root", host: "127.0.0.1", port: silentPort)
            let start = ContinuousClock.now

            #expect(try await failure(SSHDestination(endpoint: closed)) == .refused(closed))
            let late = try await failure(SSHDestination(endpoint: silent), within: .seconds(1))
            let elapsed = ContinuousClock.now - start
            let nowhere = try await failure(
                SSHDestination(endpoint: SSHEndpoint(user: "root", host: "no-such-host.invalid"))
            )

            #expect(late == .timedOut(silent, stage: .handshake))
            #expect(late.kind == .unreachable)
            #expect(elapsed < .seconds(5))
            guard case .noSuchHost(host: "no-such-host.invalid", _) = nowhere else {
                Issue.record("unexpected \(nowhere)")
                return
            }
        }

        @Test("a host that drops every packet times out while connecting")
        func blackHole() async throws {
            // A full backlog: further connection requests get no answer at all.
            let (file, port) = try LoopbackSocket.listen(backlog: 0)
            defer { close(file) }
            let filler = LoopbackSocket.connect(port)
            defer { filler.map { _ = close($0) } }
            let endpoint = SSHEndpoint(user: "root", host: "127.0.0.1", port: port)

            let error = try await failure(SSHDestination(endpoint: endpoint), within: .seconds(1))

            #expect(error == .timedOut(endpoint, stage: .connect))
        }

        @Test("a server that speaks something else is incompatible, and one that hangs up too")
        func notSSH() async throws {
            let (file, port) = try LoopbackSocket.listen()
            defer { close(file) }
            let endpoint = SSHEndpoint(user: "root", host: "127.0.0.1", port: port)
            async let error = failure(SSHDestination(endpoint: endpoint))
            try await runBlocking {
                let accepted = accept(file, nil, nil)
                _ = send(accepted, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, 0)
                shutdown(accepted, Int32(SHUT_WR))
                var sink = [UInt8](repeating: 0, count: 1024)
                while recv(accepted, &sink, sink.count, 0) > 0 {
                }
                close(accepted)
            }

            guard case .incompatible(endpoint, _) = try await error else {
                Issue.record("unexpected \(try await error)")
                return
            }
        }

        @Test("cancelling a connect ends it at once")
        func cancellation() async throws {
            let (file, port) = try LoopbackSocket.listen()
            defer { close(file) }
            let endpoint = SSHEndpoint(user: "root", host: "127.0.0.1", port: port)
            let options = server.options
            let task = Task {
                try await SSHConnection.connect(
                    to: SSHDestination(endpoint: endpoint),
                    options: options,
                    deadline: .after(.seconds(60))
                )
            }
            let start = ContinuousClock.now
            task.cancel()

            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(ContinuousClock.now - start < .seconds(5))
        }

        @Test("a key that is missing, a folder, open to others, encrypted or no key is named with what to do")
        func keyFiles() async throws {
            try AtomicFile.makeFolder(server.path("folder"))
            try AtomicFile.write(server.userKey.privateKey, to: server.path("open"), mode: 0o644)
            try AtomicFile.write("hello\n", to: server.path("text"))
            try #require(try shell("ssh-keygen -q -t ed25519 -N secret -f '\(server.path("locked"))'").status == 0)
            let cases: [(name: String, problem: SSHError.KeyFileProblem, kind: ErrorKind)] = [
                ("missing", .missing, .usage),
                ("folder", .unreadable(detail: "Is a directory"), .denied),
                ("open", .tooOpen(mode: 0o644), .denied),
                ("text", .malformed(detail: "it holds no private key"), .usage),
                ("locked", .encrypted, .denied),
            ]
            for (name, problem, kind) in cases {
                var destination = server.destination
                destination.identityFiles = [server.path(name)]

                let error = try await failure(destination)

                #expect(error == .keyFile(path: server.path(name), problem))
                #expect(error.kind == kind)
                #expect(error.hint != nil)
            }
        }

        @Test("a key in the agent opens the door, also for an encrypted file")
        func agent() async throws {
            let socket = server.path("agent")
            let agent = try SpawnedProcess(["/usr/bin/ssh-agent", "-D", "-a", socket])
            defer { agent.terminate() }
            while !AtomicFile.exists(socket) {
                try await ContinuousClock().sleep(for: .milliseconds(10))
            }
            let added = try shell("SSH_AUTH_SOCK='\(socket)' ssh-add -q '\(server.keyPath)'")
            try #require(added.status == 0, "\(added.output)")
            _ = try shell("ssh-keygen -q -p -N secret -f '\(server.keyPath)'")
            var options = server.options
            options.agentSocket = socket

            var open = server.destination
            open.identityFiles = []
            open.identitiesOnly = false
            let byAgent = try await SSHConnection.connect(to: open, options: options, deadline: .after(.seconds(20)))
            let byFile = try await SSHConnection.connect(
                to: server.destination,
                options: options,
                deadline: .after(.seconds(20))
            )

            #expect(try await byAgent.run("echo in", deadline: .after(.seconds(20))).standardOutput == "in\n")
            #expect(try await byFile.run("echo in", deadline: .after(.seconds(20))).standardOutput == "in\n")
        }

        @Test("an agent that is gone is no reason to fail when a file does")
        func agentGone() async throws {
            var options = server.options
            options.agentSocket = server.path("nobody")

            _ = try await SSHConnection.connect(
                to: server.destination,
                options: options,
                deadline: .after(.seconds(20))
            )
        }

        @Test("a default key is used when nothing is named")
        func defaultKey() async throws {
            var options = server.options
            options.defaultIdentityFiles = [server.path("missing"), server.keyPath]

            _ = try await SSHConnection.connect(
                to: SSHDestination(endpoint: server.endpoint),
                options: options,
                deadline: .after(.seconds(20))
            )
        }

        @Test("a jump host is gone through, with a key of its own")
        func jump() async throws {
            let inner = try await TestServer()
            var destination = inner.destination
            destination.jumps = [server.destination]

            let connection = try await SSHConnection.connect(
                to: destination,
                options: inner.options,
                deadline: .after(.seconds(20))
            )
            let result = try await connection.run(
                "echo $SSH_CONNECTION; head -c 3000000 /dev/zero | wc -c",
                deadline: .after(.seconds(20))
            )

            #expect(result.standardOutput.contains(" \(inner.port)\n3000000"))
            #expect(try inner.knownHosts.entries(host: "127.0.0.1", port: server.port).count == 1)
            #expect(try inner.knownHosts.entries(host: "127.0.0.1", port: inner.port).count == 1)
            #expect(try AtomicFile.readText(server.path("log")).contains("Accepted publickey"))
        }

        @Test("a host that the jump host cannot reach is named")
        func jumpToNowhere() async throws {
            let closed = SSHEndpoint(user: "root", host: "127.0.0.1", port: try LoopbackSocket.freePort())
            let destination = SSHDestination(endpoint: closed, jumps: [server.destination])

            let error = try await failure(destination)

            guard case .unreachable(closed, let detail) = error else {
                Issue.record("unexpected \(error)")
                return
            }
            #expect(detail.contains("\(server.endpoint)"))
        }
    }
}
