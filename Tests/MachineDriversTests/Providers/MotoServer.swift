// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import HTTPTransfer
import SwarmCore
import Testing

/// moto's server, unmodified: answers as Amazon EC2 does.
///
/// One process for a suite, ended with it.
struct MotoServer: SuiteTrait, TestScoping {
    /// The address of the server that runs, as `http://127.0.0.1:PORT`.
    @TaskLocal static var endpoint = ""

    let isRecursive = false

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let program = try await Self.program()
        let server = Process()
        let output = Pipe()
        server.executableURL = URL(fileURLWithPath: program)
        server.arguments = ["-H", "127.0.0.1", "-p", "0"]
        server.standardError = output
        server.standardOutput = FileHandle.nullDevice
        let (ends, continuation) = AsyncStream<Void>.makeStream()
        server.terminationHandler = { _ in continuation.finish() }
        try server.run()
        let result: Result<Void, any Error>
        do {
            let endpoint = try await Self.announced(output.fileHandleForReading)
            result = .success(try await Self.$endpoint.withValue(endpoint, operation: function))
        } catch {
            result = .failure(error)
        }
        // It inherits the blocked signals of this thread, and waits for open connections: only this one ends it.
        kill(server.processIdentifier, SIGKILL)
        for await _ in ends {}
        try result.get()
    }

    /// What the script prints, which installs moto when it is missing.
    private static func program() async throws -> String {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Scripts/testbed/moto.sh").standardizedFileURL
        return try await runBlocking {
            let script = Process()
            let output = Pipe()
            script.executableURL = folder
            script.standardOutput = output
            try script.run()
            let text = output.fileHandleForReading.readDataToEndOfFile()
            script.waitUntilExit()
            try #require(script.terminationStatus == 0)
            return String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
        }
    }

    /// The address in the line `Running on http://127.0.0.1:40321`; what follows is read and dropped.
    private static func announced(_ handle: FileHandle) async throws -> String {
        let (lines, continuation) = AsyncStream<String>.makeStream()
        let reader = Thread {
            var text = ""
            while true {
                let data = handle.availableData
                guard !data.isEmpty else {
                    break
                }
                text = String((text + String(decoding: data, as: UTF8.self)).suffix(4096))
                if let start = text.range(of: "Running on http://127.0.0.1:") {
                    let port = text[start.upperBound...].prefix { $0.isNumber }
                    if text[start.upperBound...].dropFirst(port.count).first != nil {
                        continuation.yield("http://127.0.0.1:\(port)")
                        continuation.finish()
                    }
                }
            }
            continuation.finish()
        }
        reader.start()
        return try await withDeadline(.after(.seconds(300)), operation: "starting moto") {
            for await line in lines {
                return line
            }
            throw MotoFailure()
        }
    }
}

struct MotoFailure: Error {}
