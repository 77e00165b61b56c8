// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import SecureShell
import SwarmCore
import Synchronization
import Testing

extension OverSSH {
    @Suite("Commands over SSH", .timeLimit(.minutes(2)))
    struct CommandTests {
        let server: TestServer
        let connection: SSHConnection

        init() async throws {
            server = try await TestServer()
            connection = try await server.connect()
        }

        private var soon: Deadline { .after(.seconds(30)) }

        @Test(
            "output, errors and exit status come back as they were",
            arguments: [
                (command: "true", status: CommandStatus.exited(0), output: "", error: ""),
                (command: "exit 7", status: .exited(7), output: "", error: ""),
                (command: "echo a; echo b >&2; exit 255", status: .exited(255), output: "a\n", error: "b\n"),
                (command: "kill -9 $$", status: .signalled("KILL"), output: "", error: ""),
                (command: "kill -TERM $$", status: .signalled("TERM"), output: "", error: ""),
                (command: "printf 'it'\"'\"'s $HOME\\n' | head -c 4", status: .exited(0), output: "it's", error: ""),
                (command: "printf 'no newline' >&2", status: .exited(0), output: "", error: "no newline"),
                (command: "exec >&- 2>&-; sleep 0.3; exit 3", status: .exited(3), output: "", error: ""),
                (command: "/no/such/command", status: .exited(127), output: "", error: "*"),
                (command: "echo one\necho two", status: .exited(0), output: "one\ntwo\n", error: ""),
            ]
        )
        func matrix(command: String, status: CommandStatus, output: String, error: String) async throws {
            let result = try await connection.run(command, deadline: soon)

            #expect(result.status == status)
            #expect(result.standardOutput == output)
            #expect(error == "*" ? !result.standardError.isEmpty : result.standardError == error)
        }

        @Test("input reaches the command and then ends", arguments: [0, 1, 100_000])
        func input(size: Int) async throws {
            let input = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let count = try await connection.run("wc -c", input: input, deadline: soon)

            #expect(count.standardOutput == "\(size)\n")
        }

        @Test("a command that reads none of its input succeeds")
        func unreadInput() async throws {
            let input = [UInt8](repeating: 7, count: 8 << 20)
            let result = try await connection.run("exec <&-; exit 4", input: input, deadline: soon)

            #expect(result.status == .exited(4))
        }

        @Test("a command beyond the library's packet size runs, and still gets its input")
        func longCommand() async throws {
            let text = String(repeating: "it's ", count: 18_000)
            let command = "x=\"\(text)\"; echo ${#x}; wc -c"
            let result = try await connection.run(command, input: Array("hello".utf8), deadline: soon)

            #expect(result.standardOutput == "\(text.count)\n5\n")
        }

        @Test("100 MiB come whole through standard output, and go whole through standard input")
        func bigStreams() async throws {
            let hash = try await connection.run(
                "head -c 104857600 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null | tee '\(server.path("big"))' | sha256sum",
                deadline: soon
            )
            let received = Mutex<[UInt8]>([])
            let status = try await connection.run("cat '\(server.path("big"))'", input: [], deadline: soon) { piece in
                if case .standardOutput(let bytes) = piece {
                    received.withLock { $0 += bytes }
                }
            }
            let bytes = received.withLock { $0 }
            let back = try await connection.run("sha256sum", input: bytes, deadline: soon)

            #expect(status == .exited(0))
            #expect(bytes.count == 104_857_600)
            #expect(back.standardOutput == hash.standardOutput)
        }

        @Test("output comes while the command still runs")
        func streaming() async throws {
            let fifo = server.path("fifo")
            _ = try await connection.run("mkfifo '\(fifo)'", deadline: soon)
            let (pieces, feed) = AsyncStream.makeStream(of: CommandOutput.self)
            async let status = connection.run("echo first; cat '\(fifo)'", input: [], deadline: soon) { feed.yield($0) }

            var iterator = pieces.makeAsyncIterator()
            let first = await iterator.next()
            _ = try await connection.run("echo second > '\(fifo)'", deadline: soon)
            let second = await iterator.next()

            #expect(first == .standardOutput(Array("first\n".utf8)))
            #expect(second == .standardOutput(Array("second\n".utf8)))
            #expect(try await status == .exited(0))
        }

        @Test("20 commands at once on one session take the time of one")
        func parallel() async throws {
            let clock = ContinuousClock()
            let start = clock.now
            let outputs = try await withThrowingTaskGroup(of: String.self) { group in
                for index in 0..<20 {
                    group.addTask { [connection] in
                        let command = "sleep 1; head -c 300000 /dev/zero | wc -c; echo \(index)"
                        return try await connection.run(command, deadline: .after(.seconds(60))).standardOutput
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }

            #expect(outputs == Set((0..<20).map { "300000\n\($0)\n" }))
            #expect(clock.now - start < .seconds(15))
        }

        @Test("more output than is kept is an error, not memory")
        func limit() async throws {
            let error = await #expect(throws: OutputTooLong.self) {
                try await connection.run("head -c 100000 /dev/zero", limit: 50_000, deadline: soon)
            }

            #expect(error?.message.contains("48.83 KiB") == true)
        }

        @Test("a deadline ends the call and the remote process", arguments: [1, 2])
        func deadline(seconds: Int) async throws {
            let mark = "31\(seconds)7.\(server.port)"
            let start = ContinuousClock.now

            let error = await #expect(throws: SSHError.self) {
                try await connection.run("sleep \(mark)", deadline: .after(.seconds(seconds)))
            }

            #expect(error == .timedOut(server.endpoint, stage: .command))
            #expect(error?.kind == .unreachable)
            #expect(ContinuousClock.now - start < .seconds(seconds + 3))
            #expect(try await isGone(mark))
        }

        @Test("cancellation ends the call at once, and the remote process with its children")
        func cancellation() async throws {
            let mark = "3999.\(server.port)"
            let (started, feed) = AsyncStream.makeStream(of: Void.self)
            let task = Task { [connection] in
                let command = "echo go; sleep \(mark) | cat"
                return try await connection.run(command, input: [], deadline: .after(.seconds(60))) { _ in feed.yield()
                }
            }
            var iterator = started.makeAsyncIterator()
            await iterator.next()
            let start = ContinuousClock.now

            task.cancel()
            let result = await task.result

            #expect(throws: CancellationError.self) { try result.get() }
            #expect(ContinuousClock.now - start < .seconds(10))
            #expect(try await isGone(mark))
        }

        @Test("closing the connection ends those who wait, and says so to those who come later")
        func closing() async throws {
            let waiting = Task { [connection] in
                try await connection.run("sleep 100", deadline: .after(.seconds(30)))
            }
            _ = try await connection.run("true", deadline: soon)

            await connection.close()

            await #expect(throws: SSHError.closed(server.endpoint)) { try await waiting.value }
            await #expect(throws: SSHError.closed(server.endpoint)) { try await connection.run("true", deadline: soon) }
        }

        @Test("a connection that dies under a command is reported as lost")
        func lost() async throws {
            let error = await #expect(throws: SSHError.self) {
                try await connection.run("kill -9 $PPID; sleep 100", deadline: soon)
            }

            guard case .connectionLost = error else {
                Issue.record("unexpected \(String(describing: error))")
                return
            }
        }

        /// Whether no process has `mark` in its command line; the hang-up may take a moment.
        private func isGone(_ mark: String) async throws -> Bool {
            for _ in 0..<50 {
                let found = try await connection.run(
                    "ps -eo args | grep -F 'sleep \(mark)' | grep -v grep",
                    deadline: soon
                )
                if found.standardOutput.isEmpty {
                    return true
                }
                try await ContinuousClock().sleep(for: .milliseconds(50))
            }
            return false
        }
    }
}
