// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Logging
internal import SwarmCore
internal import Synchronization

/// The moves that were decided, on disk and in memory, and who works on which.
final class MoveBook: Sendable {
    private struct State {
        var moves: [String: Move] = [:]
        var claimed: Set<String> = []
        /// What failed is not tried again before then, and why it failed.
        var failures: [String: Failure] = [:]
    }

    private struct Failure {
        let retry: ContinuousClock.Instant
        let count: Int
        let reason: String
    }

    private let folder: StateFolder?
    private let state = Mutex(State())

    /// Takes over what an earlier run kept.
    init(_ folder: StateFolder?, logger: Logger) {
        self.folder = folder
        for name in folder?.names(in: "moves") ?? [] {
            do {
                if let move = try folder?.read(name).flatMap({ Move($0) }) {
                    state.withLock { $0.moves[move.id] = move }
                } else {
                    logger.error("kept move is not readable", metadata: ["file": "\(name)"])
                }
            } catch {
                logger.error("kept move is lost", metadata: ["reason": "\(ErrorReport(error).message)"])
            }
        }
    }

    var all: [Move] { state.withLock { Array($0.moves.values) } }

    subscript(id: String) -> Move? { state.withLock { $0.moves[id] } }

    /// Adds or replaces a move; it is on disk when this returns.
    func write(_ move: Move) throws(FileError) {
        try folder?.write(move.json, to: Self.file(move.id))
        state.withLock { $0.moves[move.id] = move }
    }

    func remove(_ id: String) {
        folder?.remove(Self.file(id))
        state.withLock { _ = $0.moves.removeValue(forKey: id) }
    }

    private static func file(_ id: String) -> String { "moves/\(id).json" }

    // MARK: Work

    /// The right to work on a container, until ``release(_:)``; false when another task has it, or when
    /// it failed a short time ago.
    func claim(_ id: String, isImpatient: Bool = false) -> Bool {
        state.withLock { state in
            if !isImpatient, let failure = state.failures[id], failure.retry > .now {
                return false
            }
            return state.claimed.insert(id).inserted
        }
    }

    func release(_ id: String) {
        state.withLock { _ = $0.claimed.remove(id) }
    }

    /// How many claims there are.
    var claimed: Int { state.withLock { $0.claimed.count } }

    /// Notes that work on a container failed: it is tried again later, each time later, at most a minute.
    ///
    /// - Returns: whether the reason is new.
    func fail(_ id: String, _ reason: String) -> Bool {
        state.withLock { state in
            let before = state.failures[id]
            let count = (before?.count ?? 0) + 1
            let wait = Duration.seconds(min(60, 1 << min(count, 6)))
            state.failures[id] = Failure(retry: .now + wait, count: count, reason: reason)
            return before?.reason != reason
        }
    }

    func succeed(_ id: String) {
        state.withLock { _ = $0.failures.removeValue(forKey: id) }
    }

    func isWaiting(_ id: String) -> Bool {
        state.withLock { $0.failures[id].map { $0.retry > .now } ?? false }
    }
}
