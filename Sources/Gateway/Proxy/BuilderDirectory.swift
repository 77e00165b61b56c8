// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore
internal import Synchronization

/// Which node each client's builder is.
///
/// A client of BuildKit's own protocol opens several connections (`grpc`, `session`) that belong to one build,
/// without a name that both show: they have to reach the same node. So all such connections of one client go
/// to the node of the first one, and each client has a node of its own.
final class BuilderDirectory: Sendable {
    /// How long a client keeps its node, and what was built there before, after its last connection.
    private static let memory = Duration.seconds(600)
    /// How many clients are remembered.
    private static let limit = 1024

    private struct Entry {
        var address: String
        var open = 0
        var time = ContinuousClock.now
    }

    private let entries = Mutex<[String: Entry]>([:])

    /// Whether the client has connections of the builder's protocol now.
    func isOpen(_ client: String) -> Bool {
        entries.withLock { ($0[client]?.open ?? 0) > 0 }
    }

    /// Counts a connection of a client; each call is followed by one of ``leave(_:)``, unless it throws.
    ///
    /// - Parameters:
    ///   - client: the host that it comes from.
    ///   - isUsable: whether a node, by its address, can still be used.
    ///   - choose: picks the address of a node for a client that has none.
    /// - Returns: the address of the client's node.
    /// - Throws: what `choose` throws.
    func enter(_ client: String, isUsable: (String) -> Bool, choose: () throws -> String) rethrows -> String {
        try entries.withLock { entries in
            let now = ContinuousClock.now
            if entries.count >= Self.limit {
                entries = entries.filter { $0.value.open > 0 || now - $0.value.time < Self.memory }
            }
            var entry = entries[client].flatMap { entry in
                entry.open > 0 || now - entry.time < Self.memory ? entry : nil
            }
            if entry.map({ !isUsable($0.address) }) ?? true {
                entry = Entry(address: try choose(), open: entry?.open ?? 0)
            }
            entry?.open += 1
            entries[client] = entry
            return entry?.address ?? ""
        }
    }

    func leave(_ client: String) {
        entries.withLock { entries in
            entries[client]?.open -= 1
            entries[client]?.time = .now
        }
    }
}
