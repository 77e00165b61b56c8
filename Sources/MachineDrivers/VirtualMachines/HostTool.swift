// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import SwarmCore

/// How a program of this host ended, and what it wrote.
package struct ToolResult: Sendable, Equatable {
    package var status: Int32
    package var output: String
    package var errors: String

    package init(status: Int32, output: String = "", errors: String = "") {
        self.status = status
        self.output = output
        self.errors = errors
    }
}

/// A way to run one program.
package protocol ToolRunning: Sendable {
    /// Runs it with `words` and waits for its end.
    ///
    /// - Parameters:
    ///   - words: its arguments; no secrets, because everybody on this host can read them.
    ///   - deadline: when it is ended.
    /// - Returns: how it ended.
    /// - Throws: ``ToolError``, `DeadlineExceeded`, `CancellationError`.
    func run(_ words: [String], deadline: Deadline) async throws -> ToolResult
}

/// Why a program could not be run.
package enum ToolError: UserFacingError, Equatable {
    case missing(program: String, advice: String)

    package var message: String {
        switch self {
        case .missing(let program, _): "the program \"\(program)\" was not found"
        }
    }

    package var hint: String? {
        switch self {
        case .missing(_, let advice): advice
        }
    }

    package var kind: ErrorKind { .preCreateCheck }
}

/// A program in `PATH`, run as a child process.
package struct HostTool: ToolRunning {
    private let name: String
    private let advice: String
    private let environment: [String: String]

    /// - Parameters:
    ///   - name: of the program.
    ///   - advice: what to do when there is none.
    ///   - environment: of the process; `PATH` is searched, and the program gets it whole.
    package init(_ name: String, advice: String, environment: [String: String]) {
        self.name = name
        self.advice = advice
        self.environment = environment
    }

    /// Where the program is; `nil` when there is none.
    package var path: String? {
        let folders = (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first(where: FileManager.default.isExecutableFile)
    }

    package func run(_ words: [String], deadline: Deadline) async throws -> ToolResult {
        guard let path else {
            throw ToolError.missing(program: name, advice: advice)
        }
        let child = try ChildProcess(path, words, environment: environment)
        return try await withDeadline(deadline, operation: "running \(name) \(words.first ?? "")") {
            try await withTaskCancellationHandler {
                let result = try await runBlocking { child.wait() }
                try Task.checkCancellation()
                return result
            } onCancel: {
                child.terminate()
            }
        }
    }
}
