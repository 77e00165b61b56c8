// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Waits that grow from `start` to `limit`, each cut at random so that many nodes do not retry at once.
package struct Backoff: Sendable {
    private let start: Duration
    private let limit: Duration
    private var current: Duration

    package init(start: Duration, limit: Duration) {
        self.start = start
        self.limit = limit
        current = start
    }

    /// The next wait: between half and all of a time that doubles.
    package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let wait = min(current, limit)
        current = min(limit, wait * 2)
        return wait * Double.random(in: 0.5...1, using: &generator)
    }

    /// Begins anew, after a success.
    package mutating func reset() {
        current = start
    }
}
