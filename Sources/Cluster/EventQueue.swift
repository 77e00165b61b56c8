// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Synchronization

/// The events that one listener has not taken yet; it takes all that are there at a time.
///
/// So a listener that is slower than the events come writes more of them at once, and catches up.
package final class EventQueue: Sendable {
    private struct State {
        var waiting: [ClusterEvent] = []
        var isOver = false
        var listener: CheckedContinuation<Void, Never>?
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: how many events may wait; with one more the queue is over.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Adds an event; false when the listener is too far behind, or gone.
    func push(_ event: ClusterEvent) -> Bool {
        let (isTaken, listener) = state.withLock { state in
            if state.waiting.count >= capacity {
                state.isOver = true
            }
            if !state.isOver {
                state.waiting.append(event)
            }
            return (!state.isOver, state.listener.take())
        }
        listener?.resume()
        return isTaken
    }

    /// Takes no more events, and lets the hub forget the queue with the next one.
    package func close() {
        let listener = state.withLock { state in
            state.isOver = true
            state.waiting = []
            return state.listener.take()
        }
        listener?.resume()
    }

    /// The events that wait, in order, at least one; none when the queue is over or the task is cancelled.
    ///
    /// One task at a time may wait.
    package func next() async -> [ClusterEvent] {
        while true {
            let (events, isOver) = state.withLock { state in
                defer { state.waiting = [] }
                return (state.waiting, state.isOver)
            }
            guard events.isEmpty, !isOver, !Task.isCancelled else {
                return Task.isCancelled ? [] : events
            }
            await wait()
        }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    guard state.waiting.isEmpty, !state.isOver, !Task.isCancelled else {
                        return true
                    }
                    state.listener = continuation
                    return false
                }
                if isReady {
                    continuation.resume()
                }
            }
        } onCancel: {
            state.withLock { $0.listener.take() }?.resume()
        }
    }
}
