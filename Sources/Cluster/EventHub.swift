// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
internal import Synchronization

/// An event of an engine, or of the cluster itself (type `swarm`), and where it happened.
package struct ClusterEvent: Sendable {
    package let event: EngineEvent
    package let node: NodeState
    /// What listeners are sent, made by the first of them.
    package let text = SharedText()
}

/// Bytes that are made once, for all who need them.
package final class SharedText: Sendable {
    private let bytes = Mutex<[UInt8]?>(nil)

    /// The bytes that `make` returned when it was called first.
    package func bytes(_ make: () -> [UInt8]) -> [UInt8] {
        bytes.withLock { bytes in
            let text = bytes ?? make()
            bytes = text
            return text
        }
    }
}

/// Gives each event to all listeners, none of which can hold up the others.
final class EventHub: Sendable {
    private struct State {
        var listeners: [UInt64: AsyncStream<ClusterEvent>.Continuation] = [:]
        var queues: [EventQueue] = []
        var next: UInt64 = 0
    }

    private let state = Mutex(State())

    /// A stream that ends when it is `capacity` events behind.
    func listen(capacity: Int) -> AsyncStream<ClusterEvent> {
        let (stream, continuation) = AsyncStream<ClusterEvent>.makeStream(bufferingPolicy: .bufferingOldest(capacity))
        let key = state.withLock { state in
            state.next += 1
            state.listeners[state.next] = continuation
            return state.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: key) }
        }
        return stream
    }

    /// A queue that is over when it is `capacity` events behind.
    func queue(capacity: Int) -> EventQueue {
        let queue = EventQueue(capacity: capacity)
        state.withLock { $0.queues.append(queue) }
        return queue
    }

    func publish(_ event: ClusterEvent) {
        let (listeners, queues) = state.withLock { ($0.listeners.values.map(\.self), $0.queues) }
        let over = queues.filter { !$0.push(event) }
        if !over.isEmpty {
            state.withLock { state in state.queues.removeAll { queue in over.contains { $0 === queue } } }
        }
        for listener in listeners {
            if case .dropped = listener.yield(event) {
                listener.finish()
            }
        }
    }

    /// Publishes an event of the cluster, shaped as classic swarm's.
    ///
    /// - Parameters:
    ///   - action: `engine_connect`, `engine_disconnect`, `engine_reconnect`, `reschedule`, `leader`.
    ///   - node: where it happened.
    ///   - actor: the id of the object; the engine's when `nil`.
    ///   - attributes: what there is to say about it.
    func publish(_ action: String, node: NodeState, actor: String? = nil, attributes: [String: String] = [:]) {
        let now = WallClock.nanoseconds()
        let json = JSONObject([
            ("status", JSON(action)), ("from", "swarm"), ("Type", "swarm"), ("Action", JSON(action)),
            ("Actor", ["ID": JSON(actor ?? node.engineID), "Attributes": JSON(attributes)]),
            ("time", JSON(now / 1_000_000_000)), ("timeNano", JSON(now)),
        ])
        publish(ClusterEvent(event: EngineEvent(json.json), node: node))
    }
}
