// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// How long and how often a driver looks whether a provider has done what it accepted to do.
package struct Patience: Sendable {
    /// The wait between two looks.
    package var interval: Duration
    /// The sum of the waits after which it is given up.
    package var limit: Duration
    private let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - interval: see ``interval``.
    ///   - limit: see ``limit``.
    ///   - sleep: waits; throws when cancelled.
    package init(
        interval: Duration = .seconds(2),
        limit: Duration = .seconds(600),
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await ContinuousClock().sleep(for: $0) }
    ) {
        self.interval = interval
        self.limit = limit
        self.sleep = sleep
    }

    /// Calls `look` until it gives something.
    ///
    /// - Returns: what it gave; `nil` when the time is over.
    /// - Throws: what `look` throws, and `CancellationError`.
    func wait<Value>(_ look: () async throws -> Value?) async throws -> Value? {
        var waited = Duration.zero
        while true {
            if let value = try await look() {
                return value
            }
            guard waited < limit else {
                return nil
            }
            try await sleep(interval)
            waited += interval
        }
    }
}
