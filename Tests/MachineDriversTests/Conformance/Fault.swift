// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SwarmCore
import Synchronization

/// What goes wrong with one call to a provider, be it over HTTP or to a program.
enum Fault: Sendable, Equatable {
    /// The call does not arrive.
    case cut
    /// The call takes effect, and its answer does not arrive.
    case answerLost
    /// No answer, until the task is cancelled.
    case hang
    case timeout
    case quotaExceeded
    case wrongCredentials
    case rateLimited(seconds: Int)
}

/// Says which call to a provider goes wrong, and notes all calls.
///
/// One plan stands for one run of swarmctl.
final class FaultPlan: Sendable {
    /// What each call was, in order: `POST /v2/droplets`, or the words of a command.
    var calls: [String] { noted.withLock { $0 } }
    /// Whether the decorator that retries is around the path to the provider.
    let isRetried: Bool
    let clock = NotedClock()

    private let noted = Mutex<[String]>([])
    private let decide: @Sendable (_ number: Int, _ call: String) -> Fault?

    /// - Parameters:
    ///   - isRetried: see ``isRetried``.
    ///   - decide: told of each call and its number, from 1; `nil` lets it pass.
    init(
        isRetried: Bool = false,
        _ decide: @escaping @Sendable (_ number: Int, _ call: String) -> Fault? = { _, _ in nil }
    ) {
        self.isRetried = isRetried
        self.decide = decide
    }

    /// From call `number` on nothing arrives any more, as after `kill -9`.
    ///
    /// - Parameters:
    ///   - number: the first call that goes wrong, from 1.
    ///   - answerIsLost: whether that call still takes effect.
    /// - Returns: the plan.
    static func killed(at number: Int, answerIsLost: Bool) -> FaultPlan {
        FaultPlan { current, _ in
            current < number ? nil : current == number && answerIsLost ? .answerLost : .cut
        }
    }

    /// Notes the call, and says what goes wrong with it.
    func fault(for call: String) -> Fault? {
        let number = noted.withLock { calls in
            calls.append(call)
            return calls.count
        }
        return decide(number, call)
    }
}

/// A clock on which nobody waits, and which knows for how long they would have.
final class NotedClock: Clock {
    private let sleeps = Mutex<[Duration]>([])

    /// The waits, in order.
    var waits: [Duration] { sleeps.withLock { $0 } }
    var now: ContinuousClock.Instant { ContinuousClock.now }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        let wait = deadline - now
        sleeps.withLock { $0.append(wait) }
    }
}
