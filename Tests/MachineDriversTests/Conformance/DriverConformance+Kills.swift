// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Machines
import Testing

/// swarmctl is killed at each call to the provider in turn.
extension DriverConformance {
    /// Killed at its first, second, third … call, and run again by a new process: one machine, the same as without
    /// the kill, and nothing left after its removal.
    func resumes(answerIsLost: Bool) async throws {
        try await forEachCut { cut in
            let request = harness.request()
            let (saved, wasCut) = await killedCreate(request, at: cut, answerIsLost: answerIsLost)

            let state = try await sound.create(request, state: saved.states.last ?? [:], save: saved.save)

            let machine = machine(request, state)
            let made = try await left(of: request)
            try #require(try await sound.state(of: machine) == .running, "killed at call \(cut)")
            try #require(made.count { $0.kind == harness.hostKind } == 1, "killed at call \(cut)")
            try #require(
                Dictionary(grouping: made) { "\($0.kind) \($0.id)" }.values.allSatisfy { $0.count == 1 },
                "killed at call \(cut)"
            )
            try await clean(request, state, "killed at call \(cut)")
            return wasCut
        }
    }

    /// Killed at each call of a create, and never run again: `gc` finds by the tags what there is, and removes it
    /// knowing nothing else.
    ///
    /// With a slow provider, every third call: ``resumes(answerIsLost:)`` is at the others.
    func isFoundByTags() async throws {
        try await forEachCut { cut in
            guard !harness.isSlow || cut % 3 == 1 else {
                return true
            }
            let request = harness.request()
            let (_, wasCut) = await killedCreate(request, at: cut, answerIsLost: true)
            let found = try await left(of: request)
            for resource in found.prefix(1) {
                try #require(resource.machineID == request.id)
            }
            if !found.isEmpty {
                try await clean(request, [:], "killed at call \(cut)")
            }
            return wasCut
        }
    }

    func removesAfterKill() async throws {
        try await forEachCut { cut in
            let request = harness.request()
            let state = try await sound.create(request, state: [:]) { _ in }
            let plan = FaultPlan.killed(at: cut, answerIsLost: true)

            try? await harness.driver(plan).remove(machine(request, state))

            try await clean(request, state, "killed at call \(cut)")
            return plan.calls.count >= cut
        }
    }

    private func killedCreate(
        _ request: MachineRequest,
        at cut: Int,
        answerIsLost: Bool
    ) async -> (saved: Saved, wasCut: Bool) {
        let saved = Saved()
        let plan = FaultPlan.killed(at: cut, answerIsLost: answerIsLost)
        _ = try? await harness.driver(plan).create(request, state: [:], save: saved.save)
        return (saved, plan.calls.count >= cut)
    }
}
