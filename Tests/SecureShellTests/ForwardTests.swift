// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import SecureShell
import SwarmCore
import Testing

extension OverSSH {
    @Suite("Forwards over SSH", .timeLimit(.minutes(2)))
    struct ForwardTests {
        let server: TestServer
        let connection: SSHConnection

        init() async throws {
            server = try await TestServer()
            connection = try await server.connect()
        }

        private func target(_ port: UInt16) -> ForwardTarget {
            ForwardTarget(host: "127.0.0.1", port: port)
        }

        /// An HTTP server that gives out the server's folder.
        private func startHTTP() async throws -> (process: SpawnedProcess, port: UInt16) {
            let port = try LoopbackSocket.freePort()
            let process = try SpawnedProcess([
                "/usr/bin/env", "python3", "-m", "http.server", "-b", "127.0.0.1", "\(port)", "-d", server.folder,
            ])
            let deadline = Deadline.after(.seconds(20))
            while !LoopbackSocket.isListening(port), !deadline.hasPassed {
                try await ContinuousClock().sleep(for: .milliseconds(20))
            }
            return (process, port)
        }

        @Test("an HTTP server is reached by many connections at once, through two forwards")
        func http() async throws {
            _ = try shell("head -c 5000000 /dev/urandom > '\(server.path("file"))'")
            let (process, port) = try await startHTTP()
            defer { process.terminate() }
            let first = try await connection.forward(to: target(port))
            let second = try await connection.forward(to: target(port))
            #expect(first.port != second.port)

            let expected = try shell("sha256sum < '\(server.path("file"))'").output
            try await withThrowingTaskGroup(of: String.self) { group in
                for index in 0..<10 {
                    let port = index.isMultiple(of: 2) ? first.port : second.port
                    group.addTask {
                        try await runBlocking {
                            try shell("curl -sS http://127.0.0.1:\(port)/file | sha256sum").output
                        }
                    }
                }
                for try await sum in group {
                    #expect(sum == expected)
                }
            }
            _ = try await connection.run("true", deadline: .after(.seconds(20)))
            first.close()
            _ = try await connection.run("true", deadline: .after(.seconds(20)))
            #expect(!LoopbackSocket.isListening(first.port))
            #expect(LoopbackSocket.isListening(second.port))
        }

        @Test("each side may end its half while the other goes on")
        func halfClose() async throws {
            let (listener, port) = try LoopbackSocket.listen()
            defer { close(listener) }
            let forward = try await connection.forward(to: target(port))

            let answer = try await runBlocking {
                let client = try #require(LoopbackSocket.connect(forward.port))
                defer { close(client) }
                _ = send(client, "question", 8, 0)
                shutdown(client, Int32(SHUT_WR))
                let peer = accept(listener, nil, nil)
                let question = readAll(peer)
                // The client's half is over; the answer still gets through.
                _ = send(peer, "answer to ", 10, 0)
                _ = question.withUnsafeBytes { send(peer, $0.baseAddress, $0.count, 0) }
                close(peer)
                return String(decoding: readAll(client), as: UTF8.self)
            }

            #expect(answer == "answer to question")
        }

        @Test("a reader that stops is waited for without holding what it has not read")
        func backPressure() async throws {
            let (listener, port) = try LoopbackSocket.listen()
            defer { close(listener) }
            let forward = try await connection.forward(to: target(port))

            let start = ContinuousClock.now
            let sent = try await runBlocking {
                let client = try #require(LoopbackSocket.connect(forward.port))
                defer { close(client) }
                let peer = accept(listener, nil, nil)
                defer { close(peer) }
                // Writes until nothing more is taken for a second.
                var limit = timeval(tv_sec: 1, tv_usec: 0)
                setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
                let chunk = [UInt8](repeating: 1, count: 65536)
                var total = 0
                while total < 256 << 20 {
                    let count = send(peer, chunk, chunk.count, Int32(MSG_NOSIGNAL))
                    guard count > 0 else {
                        break
                    }
                    total += count
                }
                shutdown(peer, Int32(SHUT_WR))
                return (total, readAll(client).count)
            }

            #expect(ContinuousClock.now - start < .seconds(8))
            #expect(sent.0 < 64 << 20)
            #expect(sent.0 == sent.1)
        }

        @Test("a target that refuses closes the connection, and the forward stays")
        func refusedTarget() async throws {
            let forward = try await connection.forward(to: target(try LoopbackSocket.freePort()))

            let start = ContinuousClock.now
            for _ in 0..<2 {
                let received = try await runBlocking {
                    let client = try #require(LoopbackSocket.connect(forward.port))
                    defer { close(client) }
                    return readAll(client)
                }
                #expect(received.isEmpty)
            }
            // Far below the keepalive, whose clock would cover up an event that was missed.
            #expect(ContinuousClock.now - start < .seconds(5))
        }

        @Test("a local port that is taken is an error")
        func takenPort() async throws {
            let (listener, port) = try LoopbackSocket.listen()
            defer { close(listener) }

            let error = await #expect(throws: SSHError.self) {
                try await connection.forward(to: target(1), listeningOn: port)
            }

            #expect(error == .cannotListen(port: port, detail: "Address already in use"))
            #expect(error?.kind == .conflict)
        }

        @Test("who waits for a tunnel's end is told when it is closed")
        func ending() async throws {
            let waiting = Task { [connection] in try await connection.waitUntilLost() }
            await connection.close()

            await #expect(throws: SSHError.closed(server.endpoint)) { try await waiting.value }
        }
    }
}

/// Everything that comes until the end.
private func readAll(_ file: Int32) -> [UInt8] {
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = recv(file, &chunk, chunk.count, 0)
        guard count > 0 else {
            return content
        }
        content += chunk.prefix(count)
    }
}
