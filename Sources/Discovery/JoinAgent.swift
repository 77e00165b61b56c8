// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Logging
internal import SwarmCore

/// Keeps one engine registered with discovery.
///
/// Registers at once, again every heartbeat, and again as soon as the store has lost it; removes it
/// when the agent is stopped.
package struct JoinAgent: Sendable {
    private let store: any DiscoveryStore
    private let own: OwnAddress
    private let heartbeat: Duration
    private let ttl: Duration
    private let logger: Logger
    private let didChange: @Sendable (AgentState) -> Void

    /// The longest wait between two attempts, and the longest wait for the store when stopping.
    private static let backoffLimit: Duration = .seconds(15)
    /// How long an agent that just started asks often: the manager is made together with its nodes.
    private static let eagerTime: Duration = .seconds(60)
    private static let eagerLimit: Duration = .seconds(1)
    private static let farewellLimit: Duration = .seconds(5)
    /// The shortest time between two registrations.
    private static let shortestInterval: Duration = .seconds(1)
    /// How often an address that may change is looked at.
    private static let lookInterval: Duration = .seconds(5)

    /// Makes an agent.
    ///
    /// - Parameters:
    ///   - store: accepts registrations.
    ///   - address: the engine's.
    ///   - heartbeat: time between two registrations; shorter than `ttl`.
    ///   - ttl: how long the store keeps the engine without hearing of it.
    ///   - logger: one line when it registers and when the store is lost, not one for each attempt.
    ///   - didChange: called after each attempt, and once more when it has left.
    package init(
        store: any DiscoveryStore,
        address: OwnAddress,
        heartbeat: Duration,
        ttl: Duration,
        logger: Logger,
        didChange: @escaping @Sendable (AgentState) -> Void = { _ in }
    ) {
        self.store = store
        own = address
        self.heartbeat = heartbeat
        self.ttl = ttl
        self.logger = logger
        self.didChange = didChange
    }

    /// Runs until the task is cancelled, then deregisters.
    ///
    /// - Parameter delay: the longest wait before the first registration, chosen at random, so that a
    ///   thousand nodes that boot at once do not register at once.
    package func run(delay: Duration = .zero) async {
        if delay > .zero {
            try? await ContinuousClock().sleep(for: delay * Double.random(in: 0...1))
        }
        await leave(await keepRegistered())
    }

    /// - Returns: the address that was registered last.
    private func keepRegistered() async -> String {
        var address = await own.current()
        var backoff = Backoff(start: .milliseconds(250), limit: Self.backoffLimit)
        var generator = SystemRandomNumberGenerator()
        var faults = FaultLog()
        var isRegistered = false
        let eagerEnd = ContinuousClock.now + Self.eagerTime
        while !Task.isCancelled {
            let now = await own.current()
            if now != address {
                logger.info("the address has changed", metadata: ["address": "\(now)", "before": "\(address)"])
                await leave(address)
                (address, isRegistered) = (now, false)
            }
            do {
                try await store.register(address, ttl: ttl)
                didChange(.registered(until: .now + ttl))
                noteSuccess(address, faults.succeeded(), isFirst: !isRegistered)
                isRegistered = true
                backoff.reset()
                let start = ContinuousClock.now
                try await waitWhileRegistered(address)
                // A store that loses the engine at once each time is not hammered.
                try await ContinuousClock().sleep(until: start + Self.shortestInterval)
            } catch {
                guard !Task.isCancelled else {
                    return address
                }
                let next = backoff.next(using: &generator)
                let wait = ContinuousClock.now < eagerEnd ? min(next, Self.eagerLimit) : next
                noteFailure(error, isWorthALine: faults.failed(), retryIn: wait)
                try? await ContinuousClock().sleep(for: wait)
            }
        }
        return address
    }

    /// Waits for the next heartbeat; returns early when the store has lost the engine, or its address has changed.
    private func waitWhileRegistered(_ address: String) async throws {
        guard case .following = own else {
            return try await store.waitWhileRegistered(address, atMost: heartbeat)
        }
        let end = ContinuousClock.now + heartbeat
        while case let left = end - .now, left > .zero {
            let start = ContinuousClock.now
            let time = min(left, Self.lookInterval)
            try await store.waitWhileRegistered(address, atMost: time)
            guard ContinuousClock.now - start >= time, await own.current() == address else {
                return
            }
        }
    }

    private func noteSuccess(_ address: String, _ fault: Duration?, isFirst: Bool) {
        var metadata: Logger.Metadata = ["address": "\(address)", "discovery": "\(store.url)"]
        if let fault {
            metadata["away"] = "\(fault)"
        }
        if isFirst || fault != nil {
            logger.info("registered", metadata: metadata)
        }
    }

    private func noteFailure(_ error: any Error, isWorthALine: Bool, retryIn wait: Duration) {
        let reason = ErrorReport(error).message
        didChange(.failed(reason))
        logger.log(
            level: isWorthALine ? .warning : .debug,
            "discovery lost",
            metadata: ["reason": "\(reason)", "retry_in": "\(wait)"]
        )
    }

    private func leave(_ address: String) async {
        // The task is cancelled, and a cancelled task cannot make calls: this one ends with the call,
        // which has a deadline.
        let farewell = Task {
            try await withDeadline(.after(Self.farewellLimit), operation: "deregistering \"\(address)\"") {
                try await store.deregister(address)
            }
        }
        do {
            try await farewell.value
            didChange(.left)
            logger.info("deregistered", metadata: ["address": "\(address)"])
        } catch {
            logger.warning("cannot deregister", metadata: ["reason": "\(ErrorReport(error).message)"])
        }
    }
}

/// How it stands with an agent's registration.
package enum AgentState: Sendable, Equatable {
    /// The first attempt is not over.
    case starting
    /// The store keeps it at least so long.
    case registered(until: ContinuousClock.Instant)
    /// The last attempt failed, in words.
    case failed(String)
    case left
}
