// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Synchronization

/// Which node each exec instance is on.
///
/// Bounded: the oldest are forgotten first, and then found by asking the nodes.
final class ExecDirectory: Sendable {
    /// How many are remembered.
    private static let limit = 16_384

    private struct State {
        var addresses: [String: String] = [:]
        var order: [String] = []
    }

    private let state = Mutex(State())

    func remember(_ id: String, on address: String) {
        state.withLock { state in
            if state.addresses.updateValue(address, forKey: id) == nil {
                state.order.append(id)
            }
            if state.order.count > Self.limit {
                for old in state.order.prefix(Self.limit / 4) {
                    state.addresses[old] = nil
                }
                state.order.removeFirst(Self.limit / 4)
            }
        }
    }

    func address(of id: String) -> String? {
        state.withLock { $0.addresses[id] }
    }
}
