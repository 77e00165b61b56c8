// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import SwarmCore
import SwarmTesting
import Testing

/// Runs swarmctl with debugging on, and looks at the arguments of all processes while it runs.
struct CommandRun: Sendable {
    let store: String
    /// Beside what every run has.
    var environment: [String: String]

    struct Outcome: Sendable {
        var status: Int32
        /// Output and errors.
        var text: String
        /// The command lines that were seen.
        var arguments: Set<String>
    }

    /// Runs it to its end, with the words after `swarmctl`, and `other` in the place of variables of ``environment``.
    func run(_ arguments: [String], with other: [String: String] = [:]) async throws -> Outcome {
        let own = ProcessInfo.processInfo.environment
        let program = try #require(own["SWARMCTL_TEST_SWARMCTL"])
        let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../..").standardizedFileURL.path
        let standard = [
            "PATH": own["PATH"] ?? "/usr/bin:/bin", "HOME": store, "SWARMCTL_STORE": store, "SWARMCTL_DEBUG": "1",
            "SWARMCTL_TEMPLATES": "\(checkout)/templates",
        ]
        let values = standard.merging(environment) { $1 }.merging(other) { $1 }
        return try await runBlocking {
            let process = Process()
            let output = Pipe()
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
            process.environment = values
            process.standardOutput = output
            process.standardError = output
            process.standardInput = FileHandle.nullDevice
            let seen = ArgumentSampler()
            try process.run()
            seen.start()
            let text = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return Outcome(
                status: process.terminationStatus,
                text: String(decoding: text, as: UTF8.self),
                arguments: seen.stop()
            )
        }
    }

    /// The files of the store in which one of `secrets` is.
    func files(with secrets: [String]) -> [String] {
        let files = FileManager.default.enumerator(atPath: store)?.compactMap { $0 as? String } ?? []
        return files.filter { file in
            let bytes = FileManager.default.contents(atPath: "\(store)/\(file)") ?? Data()
            let text = String(decoding: bytes, as: UTF8.self)
            return secrets.contains(where: text.contains)
        }
    }
}
