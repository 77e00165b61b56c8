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
final class RunningCommand: Sendable {
    private let process: Process
    private let output = Collector()
    private let errors = Collector()
    private let ended = AsyncStream<Void>.makeStream()

    /// Starts `program`, found in PATH when it has no slash.
    init(_ program: String, _ arguments: [String], environment: [String: String] = [:], input: Data? = nil) throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let outputPipe = Pipe()
        let errorPipe = Pipe()
        process.standardOutput = outputPipe
        process.standardError = errorPipe
        if let input {
            let pipe = Pipe()
            process.standardInput = pipe
            DispatchQueue.global().async {
                // The program may end without reading its input.
                try? pipe.fileHandleForWriting.write(contentsOf: input)
                try? pipe.fileHandleForWriting.close()
            }
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        let ended = ended.continuation
        process.terminationHandler = { _ in ended.finish() }
        try process.run()
        output.read(outputPipe.fileHandleForReading)
        errors.read(errorPipe.fileHandleForReading)
    }

    /// The lines on standard error, as they come.
    var errorLines: AsyncStream<String> { errors.lines }

    func kill(_ signal: Int32 = SIGKILL) { _ = Foundation.kill(process.processIdentifier, signal) }

    /// Waits for the end; kills the program when it takes longer than `timeout`.
    func wait(timeout: Duration = .seconds(600)) async -> ProgramResult {
        let watchdog = Task { [self] in
            try await Task.sleep(for: timeout)
            kill()
        }
        for await _ in ended.stream {}
        watchdog.cancel()
        let status =
            process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
        return ProgramResult(status: status, output: await output.text(), errors: await errors.text())
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
