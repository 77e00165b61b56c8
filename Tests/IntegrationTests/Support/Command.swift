// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Synchronization

/// What a program printed and how it ended.
struct ProgramResult: Sendable, CustomStringConvertible {
    /// The exit status; 128 plus the number of a signal.
    var status: Int32
    var output: String
    var errors: String

    /// The output without the newline at its end.
    var line: String { output.trimmingCharacters(in: .newlines) }

    var description: String { "status \(status)\n\(output)\(errors)" }
}

/// A program that is running.
///
/// Started by posix_spawn: Foundation's `Process` takes a program for ended when a daemon that it left
/// behind ends, and hangs or crashes when many are started at once.
final class RunningCommand: Sendable {
    private let process: pid_t
    private let output = Collector()
    private let errors = Collector()
    private let ended = AsyncStream<Int32>.makeStream()

    /// Starts `program`, found in PATH when it has no slash.
    init(_ program: String, _ arguments: [String], environment: [String: String] = [:], input: Data? = nil) throws {
        let values = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let inputPipe = try Self.pipe()
        let outputPipe = try Self.pipe()
        let errorPipe = try Self.pipe()
        defer {
            for end in [inputPipe.read, outputPipe.write, errorPipe.write] {
                close(end)
            }
        }
        process = try Self.spawn(
            ["/usr/bin/env", program] + arguments,
            environment: values.map { "\($0)=\($1)" },
            streams: [inputPipe.read, outputPipe.write, errorPipe.write]
        )
        output.read(FileHandle(fileDescriptor: outputPipe.read, closeOnDealloc: true))
        errors.read(FileHandle(fileDescriptor: errorPipe.read, closeOnDealloc: true))
        let feeder = FileHandle(fileDescriptor: inputPipe.write, closeOnDealloc: true)
        Thread.detachNewThread {
            // The program may end without reading its input.
            try? feeder.write(contentsOf: input ?? Data())
            try? feeder.close()
        }
        Thread.detachNewThread { [process, ended = ended.continuation] in
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0, errno == EINTR {}
            ended.yield(status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f))
            ended.finish()
        }
    }

    /// The lines on standard error, as they come.
    var errorLines: AsyncStream<String> { errors.lines }

    func kill(_ signal: Int32 = SIGKILL) { _ = Foundation.kill(process, signal) }

    /// Waits for the end; kills the program when it takes longer than `timeout`.
    func wait(timeout: Duration = .seconds(600)) async -> ProgramResult {
        let watchdog = Task { [self] in
            try await Task.sleep(for: timeout)
            kill()
        }
        var status: Int32 = -1
        for await end in ended.stream {
            status = end
        }
        watchdog.cancel()
        return ProgramResult(status: status, output: await output.text(), errors: await errors.text())
    }

    /// Both ends are closed in programs that are started.
    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard Foundation.pipe(&ends) == 0 else {
            throw POSIXError(.init(rawValue: errno) ?? .EMFILE)
        }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        return (ends[0], ends[1])
    }

    private static func spawn(_ words: [String], environment: [String], streams: [Int32]) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (number, stream) in streams.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, stream, Int32(number))
        }
        // Threads of the test program block signals that the new program must take.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // Here a program that ends without reading its input is no reason to end; there it is as always.
        signal(SIGPIPE, SIG_IGN)
        var usual = sigset_t()
        sigemptyset(&usual)
        sigaddset(&usual, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &usual)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let arguments = words.map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        defer {
            for text in arguments + variables {
                free(text)
            }
        }
        var process: pid_t = 0
        let code = posix_spawn(&process, words[0], &actions, &attributes, arguments, variables)
        guard code == 0 else {
            throw POSIXError(.init(rawValue: code) ?? .ENOENT)
        }
        return process
    }
}

/// Runs `program` to its end.
func run(
    _ program: String,
    _ arguments: [String],
    environment: [String: String] = [:],
    input: Data? = nil,
    timeout: Duration = .seconds(600)
) async throws -> ProgramResult {
    try await RunningCommand(program, arguments, environment: environment, input: input).wait(timeout: timeout)
}

/// Reads a pipe to its end on a thread of its own.
private final class Collector: Sendable {
    private let bytes = Mutex(Data())
    private let finished = AsyncStream<Void>.makeStream()
    private let stream = AsyncStream<String>.makeStream()

    var lines: AsyncStream<String> { stream.stream }

    func read(_ handle: FileHandle) {
        Thread.detachNewThread { [self] in
            var partial = Data()
            while case let piece = handle.availableData, !piece.isEmpty {
                bytes.withLock { $0.append(piece) }
                partial.append(piece)
                while let end = partial.firstIndex(of: UInt8(ascii: "\n")) {
                    stream.continuation.yield(String(decoding: partial[..<end], as: UTF8.self))
                    partial = Data(partial[partial.index(after: end)...])
                }
            }
            stream.continuation.finish()
            finished.continuation.finish()
        }
    }

    func text() async -> String {
        for await _ in finished.stream {}
        return bytes.withLock { String(decoding: $0, as: UTF8.self) }
    }
}
