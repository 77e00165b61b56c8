// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore
internal import Synchronization

/// Which node each BuildKit session belongs to.
///
/// A client opens its session and asks for the build at the same time, on two connections: whichever
/// comes first, both have to reach the same node, and only the build says where that is.
final class SessionDirectory: Sendable {
    /// How many sessions are remembered.
    private static let limit = 4096

    private struct State {
        var addresses: [String: String] = [:]
        var order: [String] = []
        var waiting: [String: [AsyncStream<String>.Continuation]] = [:]
    }

    private let state = Mutex(State())

    func address(of session: String) -> String? {
        state.withLock { $0.addresses[session] }
    }

    /// Notes the node of a session, and lets those go on who wait for it.
    func assign(_ session: String, to address: String) {
        let waiting = state.withLock { state in
            if state.addresses.updateValue(address, forKey: session) == nil {
                state.order.append(session)
            }
            if state.order.count > Self.limit {
                state.addresses[state.order.removeFirst()] = nil
            }
            return state.waiting.removeValue(forKey: session) ?? []
        }
        for continuation in waiting {
            continuation.yield(address)
            continuation.finish()
        }
    }

    /// The node of a session, when a build names it within `time`.
    func address(of session: String, within time: Duration) async -> String? {
        let (stream, continuation) = AsyncStream<String>.makeStream()
        let known = state.withLock { state in
            let known = state.addresses[session]
            if known == nil {
                state.waiting[session, default: []].append(continuation)
            }
            return known
        }
        if let known {
            return known
        }
        let found = try? await withDeadline(.after(time), operation: "waiting for the build of a session") {
            for await address in stream {
                return address as String?
            }
            return nil
        }
        continuation.finish()
        if found == nil {
            state.withLock { _ = $0.waiting.removeValue(forKey: session) }
        }
        return found ?? nil
    }
}
