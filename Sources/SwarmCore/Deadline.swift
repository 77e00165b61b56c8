// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The instant at which a call gives up.
///
/// One deadline goes down through all the calls that make up an operation, so that retries and
/// steps share one budget.
package struct Deadline: Sendable, Comparable {
    /// The instant, on the clock that goes on while the machine sleeps.
    package let instant: ContinuousClock.Instant

    package init(_ instant: ContinuousClock.Instant) {
        self.instant = instant
    }

    /// The deadline that is `duration` from now.
    package static func after(_ duration: Duration) -> Deadline {
        Deadline(ContinuousClock.now + duration)
    }

    /// What is left; never below zero.
    package var remaining: Duration {
        max(.zero, instant - ContinuousClock.now)
    }

    /// ``remaining`` in whole milliseconds, rounded up, at most `Int32.max`: what C libraries take.
    package var remainingMilliseconds: Int {
        let parts = remaining.components
        guard parts.seconds < Int64(Int32.max) / 1000 else {
            return Int(Int32.max)
        }
        return Int(parts.seconds) * 1000 + Int((parts.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    package var hasPassed: Bool {
        ContinuousClock.now >= instant
    }

    /// The earlier of this deadline and the one `duration` from now.
    package func capped(at duration: Duration) -> Deadline {
        min(self, .after(duration))
    }

    package static func < (left: Deadline, right: Deadline) -> Bool {
        left.instant < right.instant
    }
}

/// An operation that did not end in time.
package struct DeadlineExceeded: UserFacingError, Equatable {
    /// What was being done, as in `connecting to "10.0.0.1:22"`.
    package let operation: String

    package init(operation: String) {
        self.operation = operation
    }

    package var message: String { "timed out: \(operation)" }
    package var kind: ErrorKind { .unreachable }
}

/// Runs `body` and cancels it at `deadline`.
///
/// - Parameters:
///   - deadline: when `body` is cancelled.
///   - operation: what `body` does, for the message.
///   - body: must end soon after its task is cancelled.
/// - Returns: what `body` returns.
/// - Throws: ``DeadlineExceeded`` at the deadline, else what `body` throws.
package func withDeadline<Value: Sendable>(
    _ deadline: Deadline,
    operation: String,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await ContinuousClock().sleep(until: deadline.instant)
            throw DeadlineExceeded(operation: operation)
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else {
            throw CancellationError()
        }
        return first
    }
}
