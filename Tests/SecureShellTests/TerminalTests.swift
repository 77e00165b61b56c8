// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import SecureShell
import SwarmCore
import Testing

extension OverSSH {
    @Suite("Interactive sessions", .timeLimit(.minutes(1)))
    struct TerminalTests {
        let server: TestServer
        let connection: SSHConnection

        init() async throws {
            server = try await TestServer()
            connection = try await server.connect()
        }

        /// A pseudo terminal of a size: the end that a person has, and the end that a program has.
        private func openTerminal(columns: UInt16, rows: UInt16) throws -> (person: Int32, program: Int32) {
            var person: Int32 = -1
            var program: Int32 = -1
            try #require(openpty(&person, &program, nil, nil, nil) == 0)
            setSize(person, columns: columns, rows: rows)
            return (person, program)
        }

        private func setSize(_ file: Int32, columns: UInt16, rows: UInt16) {
            var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
            _ = ioctl(file, UInt(TIOCSWINSZ), &size)
        }

        private func type(_ text: String, into file: Int32) {
            _ = write(file, text, text.utf8.count)
        }

        /// Reads from the terminal until `text` has come.
        private func await(_ text: String, from file: Int32) async throws -> String {
            try await runBlocking {
                var seen = ""
                var chunk = [UInt8](repeating: 0, count: 4096)
                while !seen.contains(text) {
                    let count = read(file, &chunk, chunk.count)
                    guard count > 0 else {
                        break
                    }
                    seen += String(decoding: chunk.prefix(count), as: UTF8.self)
                }
                return seen
            }
        }

        @Test("a shell has the terminal's size, follows its changes and gives its status back")
        func shellSession() async throws {
            let (person, program) = try openTerminal(columns: 101, rows: 33)
            defer {
                close(person)
                close(program)
            }
            var before = termios()
            tcgetattr(program, &before)
            let session = Task { [connection] in
                try await connection.interact(nil, streams: .init(input: program, output: program, error: program))
            }

            type("stty size; echo rea''dy\n", into: person)
            let first = try await self.await("ready\r\n", from: person)
            setSize(person, columns: 77, rows: 22)
            kill(getpid(), SIGWINCH)
            type("until [ \"$(stty size)\" = '22 77' ]; do sleep 0.1; done; echo do''ne\n", into: person)
            let second = try await self.await("done\r\n", from: person)
            type("exit 9\n", into: person)
            let status = try await session.value
            var after = termios()
            tcgetattr(program, &after)

            #expect(first.contains("33 101"))
            #expect(second.contains("done"))
            #expect(status == .exited(9))
            #expect(after.c_lflag == before.c_lflag)
        }

        @Test("a command without a terminal passes input, output, errors and status through")
        func plainCommand() async throws {
            let input = Pipe()
            let output = Pipe()
            let errors = Pipe()
            let streams = SSHConnection.Streams(
                input: input.fileHandleForReading.fileDescriptor,
                output: output.fileHandleForWriting.fileDescriptor,
                error: errors.fileHandleForWriting.fileDescriptor
            )
            try input.fileHandleForWriting.write(contentsOf: Data("abc".utf8))
            try input.fileHandleForWriting.close()

            let status = try await connection.interact("cat; echo err >&2; exit 5", streams: streams)
            try output.fileHandleForWriting.close()
            try errors.fileHandleForWriting.close()

            #expect(status == .exited(5))
            #expect(try output.fileHandleForReading.readToEnd() == Data("abc".utf8))
            #expect(try errors.fileHandleForReading.readToEnd() == Data("err\n".utf8))
        }

        @Test("a reader of standard output that is slow gets everything, and soon")
        func slowReader() async throws {
            let output = Pipe()
            let silence = FileHandle.nullDevice
            let streams = SSHConnection.Streams(
                input: silence.fileDescriptor,
                output: output.fileHandleForWriting.fileDescriptor,
                error: silence.fileDescriptor
            )
            let session = Task { [connection] in
                let status = try await connection.interact("head -c 3000000 /dev/zero", streams: streams)
                try output.fileHandleForWriting.close()
                return status
            }
            let start = ContinuousClock.now
            let received = try await runBlocking { try output.fileHandleForReading.readToEnd() }

            #expect(try await session.value == .exited(0))
            #expect(received?.count == 3_000_000)
            #expect(ContinuousClock.now - start < .seconds(8))
        }

        @Test("a cancelled session ends at once and gives the terminal back")
        func cancellation() async throws {
            let (person, program) = try openTerminal(columns: 80, rows: 24)
            defer {
                close(person)
                close(program)
            }
            var before = termios()
            tcgetattr(program, &before)
            let session = Task { [connection] in
                try await connection.interact(nil, streams: .init(input: program, output: program, error: program))
            }
            type("echo rea''dy\n", into: person)
            _ = try await self.await("ready\r\n", from: person)

            session.cancel()

            await #expect(throws: CancellationError.self) { try await session.value }
            var after = termios()
            tcgetattr(program, &after)
            #expect(after.c_lflag == before.c_lflag)
        }
    }
}
