// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Decides which failed attempts of a row are worth a line in the log: the first, and then one in five minutes.
package struct FaultLog: Sendable {
    private static let interval: Duration = .seconds(300)

    private var start: ContinuousClock.Instant?
    private var lastLine: ContinuousClock.Instant?

    package init() {}

    /// Notes a failure; whether it is worth a line.
    package mutating func failed(now: ContinuousClock.Instant = .now) -> Bool {
        start = start ?? now
        if let lastLine, now - lastLine < Self.interval {
            return false
        }
        lastLine = now
        return true
    }

    /// Notes a success; how long the attempts have failed before it, `nil` when they have not.
    package mutating func succeeded(now: ContinuousClock.Instant = .now) -> Duration? {
        defer { self = FaultLog() }
        return start.map { now - $0 }
    }
}
