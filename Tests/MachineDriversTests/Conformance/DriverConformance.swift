// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Machines
import SwarmCore
import Synchronization
import Testing

/// The promises of ``MachineDriver`` that every driver must keep, checked on one that makes hosts.
///
/// A driver's tests call ``check(_:)`` with each case from a parameterized test.
struct DriverConformance: Sendable {
    let harness: DriverHarness
    /// No call to a provider takes more of them than this.
    static let mostCalls = 100

    init(_ harness: DriverHarness) {
        self.harness = harness
    }

    /// Checks one promise and notes the outcome in the table.
    func check(_ column: ConformanceCase) async throws {
        guard !harness.lacks.contains(column) else {
            return ConformanceTable.note("n/a", of: column, for: harness.name)
        }
        do {
            try await run(column)
            ConformanceTable.note("ok", of: column, for: harness.name)
        } catch {
            ConformanceTable.note("FAILED", of: column, for: harness.name)
            throw error
        }
    }

    private func run(_ column: ConformanceCase) async throws {
        switch column {
        case .create: try await isCreated()
        case .idSavedAtOnce: try await savesIDAtOnce()
        case .killBeforeCall: try await resumes(answerIsLost: false)
        case .killAfterCall: try await resumes(answerIsLost: true)
        case .stateChanges: try await changesStates()
        case .removeTwice: try await isRemovedTwice()
        case .killInRemove: try await removesAfterKill()
        case .collectGarbage: try await isFoundByTags()
        case .notFound: try await knowsWhatIsGone()
        case .quotaExceeded: try await tellsQuota()
        case .wrongCredentials: try await tellsCredentials()
        case .rateLimit: try await passesOnRateLimit()
        case .timeout: try await passesOnTimeout()
        case .cancelled: try await canBeCancelled()
        case .failedSave: try await passesOnFailedSave()
        }
    }

    // MARK: What the cases share

    /// A driver on the way where nothing goes wrong.
    var sound: any MachineDriver { harness.driver(FaultPlan()) }

    func machine(_ request: MachineRequest, _ state: DriverState) -> DriverMachine {
        DriverMachine(
            name: request.name,
            id: request.id,
            cluster: request.cluster,
            options: request.options,
            state: state
        )
    }

    /// What the provider has of a machine.
    func left(of request: MachineRequest) async throws -> [TaggedResource] {
        let all = try await sound.tagged(options: request.options)
        let ours = all.filter { $0.machineID == request.id }
        try #require(
            ours.allSatisfy { $0.machine == request.name && $0.cluster == request.cluster },
            "everything carries all three tags"
        )
        return ours
    }

    /// Removes the machine and makes sure that nothing is left.
    func clean(_ request: MachineRequest, _ state: DriverState, _ note: Comment? = nil) async throws {
        try await sound.remove(machine(request, state))
        try #require(try await left(of: request) == [], note)
    }

    /// The error of `body`, which must be one that the driver made, and hold no secret.
    func failure(_ note: Comment? = nil, _ body: () async throws -> Void) async throws -> MachineError {
        let error = try await #require(throws: MachineError.self, note) { try await body() }
        let text = "\(error.message) \(error.hint ?? "") \(error)"
        try #require(!harness.secrets.contains { text.contains($0) }, "a secret is in: \(error.message.count) bytes")
        return error
    }

    func requireNoSecret(in states: [DriverState]) throws {
        let values = states.flatMap(\.values)
        try #require(!harness.secrets.contains { secret in values.contains { $0.contains(secret) } })
    }

    /// The numbers of the calls of a create at which a refusal is tried: the first, that which makes the host, and the
    /// one after it.
    func tellingCalls() async throws -> [Int] {
        let request = harness.request()
        let plan = FaultPlan()
        let state = try await harness.driver(plan).create(request, state: [:]) { _ in }
        try await clean(request, state)
        let calls = plan.calls
        let making = try #require(calls.firstIndex { $0.hasPrefix(harness.hostCall) }, "\(calls)")
        return Set([1, making + 1, min(making + 2, calls.count)]).sorted()
    }

    /// Calls `body` with 1, 2, 3 … until it says that no call was cut any more.
    func forEachCut(_ body: (_ cut: Int) async throws -> Bool) async throws {
        for cut in 1...Self.mostCalls {
            guard try await body(cut) else {
                return
            }
        }
        Issue.record("more than \(Self.mostCalls) calls")
    }
}

/// The states that a driver saved, in order.
final class Saved: Sendable {
    private let box = Mutex<[DriverState]>([])

    var states: [DriverState] { box.withLock { $0 } }

    func save(_ state: DriverState) { box.withLock { $0.append(state) } }
}
