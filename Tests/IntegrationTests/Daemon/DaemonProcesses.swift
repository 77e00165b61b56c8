// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import SwarmCore
import Testing

/// Processes of swarmd that end with the test, and a folder for their files.
actor DaemonProcesses {
    nonisolated let folder = NSTemporaryDirectory() + "swarmd-it-\(UUID().uuidString.prefix(8))"
    private var running: [RunningCommand] = []

    /// Runs `body`, then ends what it has started and removes the folder.
    static func with(_ body: (DaemonProcesses) async throws -> Void) async throws {
        let processes = DaemonProcesses()
        try FileManager.default.createDirectory(atPath: processes.folder, withIntermediateDirectories: true)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(processes))
        } catch {
            result = .failure(error)
        }
        await processes.end()
        try? FileManager.default.removeItem(atPath: processes.folder)
        try result.get()
    }

    /// Starts swarmd, or another program, and waits for the line on standard error that contains `text`.
    @discardableResult
    func start(
        _ words: [String],
        of program: String = Testbed.swarmd,
        until text: String
    ) async throws -> RunningCommand {
        let process = try RunningCommand(program, words)
        running.append(process)
        let lines = process.errorLines
        let isThere = try await withDeadline(.after(.seconds(60)), operation: "waiting for \"\(text)\"") {
            for await line in lines where line.contains(text) {
                return true
            }
            return false
        }
        guard isThere else {
            throw DaemonEnded(result: await process.wait(timeout: .seconds(1)))
        }
        return process
    }

    /// Runs swarmd to its end.
    nonisolated func run(_ words: [String]) async throws -> ProgramResult {
        try await IntegrationTests.run(Testbed.swarmd, words, timeout: .seconds(60))
    }

    private func end() async {
        for process in running {
            // A frozen one would never end.
            process.kill(SIGCONT)
            process.kill(SIGTERM)
        }
        for process in running {
            _ = await process.wait(timeout: .seconds(20))
        }
    }

    struct DaemonEnded: Error {
        let result: ProgramResult
    }
}
