// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import OperatorCommands
import SwarmCore
import Synchronization

/// Engines that answer from a table of `URL PATH`.
final class FakeEngines: EngineAccess {
    private let replies = Mutex<[String: String]>([:])
    private let frames = Mutex<[String: [[UInt8]]]>([:])

    func answer(_ url: String, _ path: String, _ body: String) {
        replies.withLock { $0["\(url) \(path)"] = body }
    }

    func stream(_ url: String, _ path: String, _ chunks: [[UInt8]]) {
        frames.withLock { $0["\(url) \(path)"] = chunks }
    }

    func get(_ path: String, at target: EngineTarget, deadline: Deadline) async throws -> [UInt8] {
        guard let body = replies.withLock({ $0["\(target.url) \(path)"] }) else {
            throw OperatorError.engineUnreachable(url: target.url, problem: "connection refused")
        }
        return Array(body.utf8)
    }

    func post(_ path: String, at target: EngineTarget, deadline: Deadline) async throws -> [UInt8] {
        try await get("POST \(path)", at: target, deadline: deadline)
    }

    func stream(
        _ path: String,
        at target: EngineTarget,
        onBytes: @escaping @Sendable ([UInt8]) -> Void
    ) async throws {
        let bare = String(path.prefix { $0 != "?" })
        guard let chunks = frames.withLock({ $0["\(target.url) \(bare)"] }) else {
            throw OperatorError.engineRefused(url: target.url, status: 404, message: "no such container")
        }
        chunks.forEach(onBytes)
    }
}
