// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore
internal import Synchronization

/// Nodes that stop answering while something is asked of them.
///
/// An engine that is frozen takes connections and requests, and says nothing.
extension Cluster {
    /// How long an answer is waited for before the node is asked whether it is there, and then between such questions.
    private static let silenceGrace = Duration.seconds(1)
    /// The longest wait for that.
    private static let silenceLimit = Duration.seconds(3)

    /// Whether the last ping of the node stayed without an answer, and nothing was heard of it since.
    package func isSilent(_ address: String) -> Bool {
        session(address)?.isSilent ?? false
    }

    /// Returns when the node does not answer a ping, at the earliest after a second, or has left.
    ///
    /// - Throws: `CancellationError`.
    package func waitForSilence(of address: String) async throws {
        while let session = session(address) {
            try await ContinuousClock().sleep(for: Self.silenceGrace)
            guard !session.wasHeard(within: Self.silenceGrace) else {
                continue
            }
            do {
                try await session.ping(within: Self.silenceLimit)
            } catch {
                return try Task.checkCancellation()
            }
        }
    }

    /// Returns the reason of the node's status once that is one of those wanted; `nil` when the node has left.
    ///
    /// - Throws: `CancellationError`.
    func waitUntil(_ address: String, _ isWanted: (NodeStatus) -> Bool) async throws -> String? {
        while let session = session(address) {
            let losses = session.losses.count
            guard let node = core.withLock({ $0.node(at: address) }) else {
                return nil
            }
            if isWanted(node.status) {
                return node.reason ?? "it is \(node.status.rawValue.lowercased())"
            }
            await session.losses.wait(after: losses)
            try Task.checkCancellation()
        }
        return nil
    }

    /// Returns why the node counts as gone, once it does: several probes have failed, or it has left.
    ///
    /// - Throws: `CancellationError`.
    package func waitUntilGone(_ address: String) async throws -> String {
        try await waitUntil(address) { $0 == .disconnected } ?? "it has left the cluster"
    }
}
