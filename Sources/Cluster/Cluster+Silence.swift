// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

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

    /// Returns why the node counts as gone, once it does: several probes have failed, or it has left.
    ///
    /// - Throws: `CancellationError`.
    package func waitUntilGone(_ address: String) async throws -> String {
        while let node = snapshot.node(address: address) {
            if node.status == .disconnected {
                return node.reason ?? "it is disconnected"
            }
            try await ContinuousClock().sleep(for: Self.silenceGrace)
        }
        return "it has left the cluster"
    }
}
