// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import SecureShell
import Synchronization

/// A process of this machine, found in PATH, ended when its task is cancelled.
struct LocalProcess {
    struct Failed: Error {
        var command: String
        var output: String
    }

    let words: [String]

    init(_ words: [String]) {
        self.words = words
    }

    /// Runs it to its end.
    func run(input: [UInt8], onOutput: @escaping @Sendable (CommandOutput) -> Void) async throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        let (standardInput, output, error) = (Pipe(), Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = output
        process.standardError = error
        return try await withTaskCancellationHandler {
            try process.run()
            return await withTaskGroup(of: Void.self) { group in
                group.addTask { await Self.read(output.fileHandleForReading) { onOutput(.standardOutput($0)) } }
                group.addTask { await Self.read(error.fileHandleForReading) { onOutput(.standardError($0)) } }
                group.addTask { await Self.write(input, to: standardInput.fileHandleForWriting) }
                await group.waitForAll()
                process.waitUntilExit()
                return process.terminationStatus
            }
        } onCancel: {
            process.terminate()
        }
    }

    /// Runs it and returns what it wrote; anything but success is an error.
    @discardableResult
    func output(input: String = "") async throws -> String {
        let text = Mutex<[UInt8]>([])
        let errors = Mutex<[UInt8]>([])
        let status = try await run(input: Array(input.utf8)) { piece in
            switch piece {
            case .standardOutput(let bytes): text.withLock { $0 += bytes }
            case .standardError(let bytes): errors.withLock { $0 += bytes }
            }
        }
        guard status == 0 else {
            let output = String(decoding: errors.withLock { $0 }, as: UTF8.self)
            throw Failed(command: words.joined(separator: " "), output: output)
        }
        return String(decoding: text.withLock { $0 }, as: UTF8.self)
    }

    private static func read(_ handle: FileHandle, _ take: @escaping @Sendable ([UInt8]) -> Void) async {
        await onThread {
            while let data = try? handle.read(upToCount: 65536), !data.isEmpty {
                take(Array(data))
            }
        }
    }

    private static func write(_ bytes: [UInt8], to handle: FileHandle) async {
        await onThread {
            try? handle.write(contentsOf: Data(bytes))
            try? handle.close()
        }
    }

    private static func onThread(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            let thread = Thread {
                body()
                continuation.resume()
            }
            thread.start()
        }
    }
}
