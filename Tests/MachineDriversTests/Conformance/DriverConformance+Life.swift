// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Machines
import SwarmCore
import Testing

/// A machine's life without trouble.
extension DriverConformance {
    func isCreated() async throws {
        let driver = sound
        let request = harness.request()
        try await driver.preCreate(request)
        let saved = Saved()

        let state = try await driver.create(request, state: [:], save: saved.save)

        let machine = machine(request, state)
        let made = try await left(of: request)
        try #require(saved.states.last == state, "what is returned was saved")
        try requireNoSecret(in: saved.states)
        try #require(made.count { $0.kind == harness.hostKind } == 1)
        try #require(try await driver.state(of: machine) == .running)
        try #require(try await driver.address(of: machine).isEmpty == false)
        try #require(try await driver.sshAddress(of: machine) != nil)
        try await clean(request, state)
    }

    /// When the call after the one that makes the host is made, the host's id is saved.
    func savesIDAtOnce() async throws {
        let request = harness.request()
        let saved = Saved()
        let before = Saved()
        let hostCall = harness.hostCall
        let plan = FaultPlan { _, _ in
            before.save(saved.states.last ?? [:])
            return nil
        }

        let state = try await harness.driver(plan).create(request, state: [:], save: saved.save)

        let id = try #require(try await left(of: request).first { $0.kind == harness.hostKind }?.id)
        let making = try #require(plan.calls.firstIndex { $0.hasPrefix(hostCall) }, "\(plan.calls)")
        if making + 1 < before.states.count {
            try #require(before.states[making + 1].values.contains(id), "saved before \(plan.calls[making + 1])")
        }
        try #require(state.values.contains(id))
        try await clean(request, state)
    }

    /// Stopped, started, killed and restarted, each also when it is so already.
    func changesStates() async throws {
        let driver = sound
        let request = harness.request()
        let state = try await driver.create(request, state: [:]) { _ in }
        let machine = machine(request, state)
        try await driver.start(machine)
        try #require(try await driver.state(of: machine) == .running, "starting what runs changes nothing")
        try await driver.stop(machine)
        try #require(try await driver.state(of: machine) == .stopped)
        try await driver.stop(machine)
        try #require(try await driver.state(of: machine) == .stopped, "stopping what is stopped changes nothing")
        try await driver.start(machine)
        try #require(try await driver.state(of: machine) == .running)
        try await driver.kill(machine)
        try #require(try await driver.state(of: machine) == .stopped)
        try await driver.kill(machine)
        try await driver.start(machine)
        try await driver.restart(machine)
        try #require(try await driver.state(of: machine) == .running)
        try #require(try await driver.address(of: machine).isEmpty == false)
        try await clean(request, state)
    }

    func isRemovedTwice() async throws {
        let request = harness.request()
        let state = try await sound.create(request, state: [:]) { _ in }
        let machine = machine(request, state)

        try await clean(request, state)
        try #require(try await sound.state(of: machine) == .notFound)
        try await clean(request, state)
    }

    /// Told of a machine that is not there.
    func knowsWhatIsGone() async throws {
        let driver = sound
        let request = harness.request()
        let state = try await driver.create(request, state: [:]) { _ in }
        try await clean(request, state)

        for gone in [machine(harness.request(), [:]), machine(request, state)] {
            try #require(try await driver.state(of: gone) == .notFound)
            for change in [driver.start, driver.stop, driver.kill, driver.restart] {
                let error = try await failure { try await change(gone) }
                try #require(error.kind == .notFound, "\(error.message)")
            }
            try await driver.remove(gone)
        }
    }
}
