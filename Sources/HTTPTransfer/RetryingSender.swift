// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

/// How often and after which waits a request is sent again.
package struct RetryPolicy: Sendable {
    /// How many times a request is sent in all, at least 1.
    package var attempts = 5
    /// The wait after the first failure; it doubles with each further one.
    package var firstWait: Duration = .milliseconds(250)
    /// The longest wait that we choose ourselves; a `Retry-After` may ask for more.
    package var longestWait: Duration = .seconds(20)

    package init() {}

    /// The wait after the `attempt`-th failure, counted from 1.
    ///
    /// Half of it is by chance, so that clients that failed together do not come back together.
    ///
    /// - Parameters:
    ///   - attempt: how many times the request was sent.
    ///   - chance: from 0 to 1.
    /// - Returns: from half the doubled wait to the whole of it.
    func wait(after attempt: Int, chance: Double) -> Duration {
        let doublings = min(max(attempt - 1, 0), 20)
        let whole = min(firstWait * (1 << doublings), longestWait)
        return whole / 2 + whole * (chance / 2)
    }
}

/// Sends again what failed for a while only; the one place that retries.
///
/// Repeated are: failures before the request was on its way, whatever the method; broken connections,
/// timeouts and the statuses 502, 503 and 504, for requests that may be repeated; and 429, which
/// says that nothing was done, for all. `Retry-After` is respected. No wait goes beyond the request's
/// deadline: then the last result stands.
package struct RetryingSender: HTTPSending {
    private let sender: any HTTPSending
    private let policy: RetryPolicy
    private let sleep: @Sendable (Duration) async throws -> Void
    private let now: @Sendable () -> Int
    private let chance: @Sendable () -> Double

    /// Wraps `sender`.
    ///
    /// - Parameters:
    ///   - sender: makes the exchanges.
    ///   - policy: how often and how long.
    ///   - clock: measures the waits.
    ///   - now: the time in seconds since 1970, UTC, for a `Retry-After` that is a date.
    ///   - chance: from 0 to 1, for the part of each wait that is by chance.
    package init(
        _ sender: any HTTPSending,
        policy: RetryPolicy = RetryPolicy(),
        clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Int = { WallClock.seconds() },
        chance: @escaping @Sendable () -> Double = { .random(in: 0...1) }
    ) {
        self.sender = sender
        self.policy = policy
        self.now = now
        self.chance = chance
        sleep = { try await clock.sleep(for: $0) }
    }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        var attempt = 1
        while true {
            let result: Result<HTTPResponse, HTTPError>
            do {
                result = .success(try await sender.send(request))
            } catch let error as HTTPError {
                result = .failure(error)
            }
            guard attempt < policy.attempts, let wait = wait(after: attempt, request, result),
                wait < request.deadline.remaining
            else {
                return try result.get()
            }
            try await sleep(wait)
            attempt += 1
        }
    }

    /// `nil` when `result` stands.
    private func wait(after attempt: Int, _ request: HTTPRequest, _ result: Result<HTTPResponse, HTTPError>)
        -> Duration?
    {
        let mayRepeat = request.mayRepeat ?? ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"].contains(request.method)
        let own = policy.wait(after: attempt, chance: chance())
        switch result {
        case .failure(let error):
            return error.isTransient && (mayRepeat || error.wasNotSent) ? own : nil
        case .success(let response):
            switch response.status {
            case 429: break
            case 502, 503, 504:
                guard mayRepeat else {
                    return nil
                }
            default: return nil
            }
            let asked = response.head.first("Retry-After").flatMap { RetryAfter.seconds(in: $0, now: now()) }
            return asked.map { max(.seconds($0), own) } ?? own
        }
    }
}
