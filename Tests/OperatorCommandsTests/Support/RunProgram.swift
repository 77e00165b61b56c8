// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation

/// What a program of this host wrote, and how it ended.
struct ProgramResult: Sendable {
    var status: Int32
    var output: String
    var errors: String
}

/// Runs a program to its end.
///
/// - Parameters:
///   - path: the program.
///   - arguments: the words after its name.
///   - environment: added to ours.
/// - Returns: what it wrote.
/// - Throws: why it could not be started.
func runProgram(
    _ path: String,
    _ arguments: [String],
    environment: [String: String] = [:]
) async throws -> ProgramResult {
    let process = Process()
    let (output, errors) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    async let errorText = readAll(errors)
    let outputText = await readAll(output)
    let errorLines = await errorText
    process.waitUntilExit()
    return ProgramResult(status: process.terminationStatus, output: outputText, errors: errorLines)
}

private func readAll(_ pipe: Pipe) async -> String {
    await withCheckedContinuation { continuation in
        DispatchQueue.global().async {
            let data = pipe.fileHandleForReading.readDataToEndOfFile()
            continuation.resume(returning: String(decoding: data, as: UTF8.self))
        }
    }
}
