// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Synchronization

/// What is counted about the connections to engines, since the manager began.
package final class ClusterStatistics: Sendable {
    private struct State {
        var reconnects = 0
        var joins = 0
        var lags: [String: Double] = [:]
    }

    private let state = Mutex(State())

    init() {}

    /// How many times an engine that was gone came back.
    package var reconnects: Int { state.withLock { $0.reconnects } }

    /// For each node's address how long its latest event was on its way, in seconds; clocks that differ add
    /// to it, and it is never below 0.
    package var eventLags: [String: Double] { state.withLock { $0.lags } }

    /// How many times an engine was read as a whole because it was new or had been gone.
    var joins: Int { state.withLock { $0.joins } }

    func countJoin() { state.withLock { $0.joins += 1 } }

    func countReconnect() { state.withLock { $0.reconnects += 1 } }

    /// Notes an event that arrives now.
    ///
    /// - Parameters:
    ///   - address: of the node.
    ///   - time: the engine's time of the event, in nanoseconds since 1970; 0 for none.
    func noteEvent(from address: String, at time: Int64) {
        guard time > 0 else {
            return
        }
        let lag = max(0, Double(WallClock.nanoseconds() &- time) / 1e9)
        state.withLock { $0.lags[address] = lag }
    }

    func forget(_ address: String) { state.withLock { $0.lags[address] = nil } }
}
