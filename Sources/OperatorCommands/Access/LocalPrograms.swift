// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Programs of this host that a command starts.
package protocol LocalPrograms: Sendable {
    /// The path of the program `name`, as the shell finds it; `nil` when there is none.
    func find(_ name: String) -> String?

    /// Runs a program with this process's streams.
    ///
    /// - Parameters:
    ///   - path: the program.
    ///   - arguments: the words after its name.
    ///   - environment: the whole environment of the program.
    /// - Returns: its exit status; 128 and the signal's number when a signal ended it.
    /// - Throws: why it could not be started; `CancellationError`.
    func run(_ path: String, _ arguments: [String], environment: [String: String]) async throws -> Int32
}

/// The programs in `PATH`.
package struct LivePrograms: LocalPrograms {
    private let path: String

    /// - Parameter path: folders, with `:` between.
    package init(path: String) {
        self.path = path
    }

    package func find(_ name: String) -> String? {
        if name.contains("/") {
            return access(name, X_OK) == 0 ? name : nil
        }
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    package func run(_ path: String, _ arguments: [String], environment: [String: String]) async throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = environment
        // A program that is interrupted says so itself; SIGTERM reaches it through the cancellation below.
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                process.terminationHandler = { process in
                    let isSignal = process.terminationReason == .uncaughtSignal
                    continuation.resume(returning: (isSignal ? 128 : 0) + process.terminationStatus)
                }
                do {
                    try process.run()
                } catch {
                    process.terminationHandler = nil
                    continuation.resume(
                        throwing: OperatorError.missingProgram(
                            name: path,
                            use: "is to be started",
                            hint: "check that it is executable"
                        )
                    )
                }
            }
        } onCancel: {
            if process.isRunning {
                process.terminate()
            }
        }
    }
}
