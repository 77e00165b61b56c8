// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Machines
import SwarmCore
import Testing

/// The provider says no, not yet, or nothing.
extension DriverConformance {
    func tellsQuota() async throws {
        let request = harness.request()
        let hostCall = harness.hostCall
        let saved = Saved()
        let plan = FaultPlan { _, call in call.hasPrefix(hostCall) ? .quotaExceeded : nil }

        let error = try await failure {
            _ = try await harness.driver(plan).create(request, state: [:], save: saved.save)
        }

        try #require(error.kind == .noCapacity, "\(error.message)")
        try #require(!error.isTransient)
        try #require(plan.calls.count { $0.hasPrefix(hostCall) } == 1, "drivers do not retry")
        try await clean(request, saved.states.last ?? [:])
    }

    func tellsCredentials() async throws {
        let request = harness.request()
        let refused = { harness.driver(FaultPlan { _, _ in .wrongCredentials }) }

        let before = try await failure { try await refused().preCreate(request) }
        let during = try await failure { _ = try await refused().create(request, state: [:]) { _ in } }
        let after = try await failure { _ = try await refused().state(of: machine(request, ["id": "1"])) }

        for error in [before, during, after] {
            try #require(error.kind == .denied, "\(error.message)")
            try #require(!error.isTransient)
        }
        try #require(try await left(of: request) == [])
    }

    /// 429 with `Retry-After`: the driver passes it on, the decorator waits as asked and calls again.
    func passesOnRateLimit() async throws {
        for limited in try await tellingCalls() {
            let request = harness.request()
            let saved = Saved()
            let plain = FaultPlan { number, _ in number == limited ? .rateLimited(seconds: 7) : nil }
            let error = try await failure("call \(limited)") {
                _ = try await harness.driver(plain).create(request, state: [:], save: saved.save)
            }
            try #require(error.isTransient, "\(error.message)")
            try #require(plain.calls.count == limited, "drivers do not retry")
            try await clean(request, saved.states.last ?? [:])

            let again = harness.request()
            let retried = FaultPlan(isRetried: true) { number, _ in number == limited ? .rateLimited(seconds: 7) : nil }
            let state = try await harness.driver(retried).create(again, state: [:]) { _ in }
            try #require(retried.calls[limited - 1] == retried.calls[limited], "the same call again")
            let waits = retried.clock.waits
            try #require(waits.contains { $0 >= harness.shortestWait * 0.98 }, "waits: \(waits)")
            try await clean(again, state)
        }
    }

    /// The provider stops answering: the driver says so at once, and what was made is found again.
    func passesOnTimeout() async throws {
        for late in try await tellingCalls() {
            let request = harness.request()
            let saved = Saved()
            let plan = FaultPlan { number, _ in number >= late ? .timeout : nil }
            let error = try await failure("call \(late)") {
                _ = try await harness.driver(plan).create(request, state: [:], save: saved.save)
            }
            try #require(error.kind == .unreachable, "\(error.message)")
            try #require(error.isTransient)
            try #require(plan.calls.count == late, "drivers do not retry")
            try await clean(request, saved.states.last ?? [:])
        }
    }

    /// Cancelled while the provider does not answer: says so, and the next run ends it well.
    func canBeCancelled() async throws {
        let request = harness.request()
        let hostCall = harness.hostCall
        let reached = AsyncStream<Void>.makeStream()
        let saved = Saved()
        let stuck = harness.driver(
            FaultPlan { _, call in
                guard call.hasPrefix(hostCall) else {
                    return nil
                }
                reached.continuation.yield()
                return .hang
            }
        )
        let creating = Task {
            // Ends the wait below also when the create ends before it is stuck.
            defer { reached.continuation.finish() }
            return try await stuck.create(request, state: [:], save: saved.save)
        }
        for await _ in reached.stream {
            break
        }
        creating.cancel()

        _ = try await #require(throws: CancellationError.self) { try await creating.value }
        let state = try await sound.create(request, state: saved.states.last ?? [:]) { _ in }
        try await clean(request, state)
    }

    /// Nothing is made after a `save` that failed, and the error is passed on.
    func passesOnFailedSave() async throws {
        struct DiskFull: Error {}
        let request = harness.request()
        let hostCall = harness.hostCall
        let plan = FaultPlan()

        _ = try await #require(throws: DiskFull.self) {
            _ = try await harness.driver(plan).create(request, state: [:]) { _ in throw DiskFull() }
        }
        try #require(plan.calls.count { $0.hasPrefix(hostCall) } <= 1)
        try await clean(request, [:])
    }
}
