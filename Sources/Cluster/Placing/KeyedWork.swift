// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Synchronization

/// Lets one of several callers do what all of them need.
final class KeyedWork<Key: Hashable & Sendable>: Sendable {
    private struct Waiter {
        let key: Key
        let continuation: CheckedContinuation<Bool?, Never>
    }

    private struct State {
        var underWay: Set<Key> = []
        var waiters: [UInt64: Waiter] = [:]
        var next: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Runs `work`, or waits for the caller that runs it now; when that one fails, the next tries.
    ///
    /// - Returns: what the work returned, whoever did it.
    /// - Throws: what `work` throws, or `CancellationError`.
    func run(_ key: Key, _ work: () async throws -> Bool) async throws -> Bool {
        while !state.withLock({ $0.underWay.insert(key).inserted }) {
            if let result = await wait(for: key) {
                return result
            }
            try Task.checkCancellation()
        }
        do {
            let result = try await work()
            finish(key, result)
            return result
        } catch {
            finish(key, nil)
            throw error
        }
    }

    private func wait(for key: Key) async -> Bool? {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.underWay.contains(key), !Task.isCancelled else {
                        return true
                    }
                    state.waiters[number] = Waiter(key: key, continuation: continuation)
                    return false
                }
                if isOver {
                    continuation.resume(returning: nil)
                }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.continuation.resume(returning: nil)
        }
    }

    private func finish(_ key: Key, _ result: Bool?) {
        let done = state.withLock { state in
            state.underWay.remove(key)
            let done = state.waiters.filter { $0.value.key == key }
            for number in done.keys {
                state.waiters[number] = nil
            }
            return done.values.map(\.continuation)
        }
        for continuation in done {
            continuation.resume(returning: result)
        }
    }
}
