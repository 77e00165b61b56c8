// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Machines
import SecureShell
import SwarmCore
import Synchronization

/// Hosts in memory.
final class FakeDriver: MachineDriver {
    private struct Memory {
        var states: [String: MachineState] = [:]
        var calls: [String] = []
        var failures: [String: MachineError] = [:]
        var tagged: [TaggedResource] = []
    }

    private let memory = Mutex(Memory())
    let name: String
    let summary = "Hosts in memory"
    let makesHosts = true
    let options = [
        DriverOption("fake-size", environment: "FAKE_SIZE", defaultValue: "small", help: "Size of the host."),
        DriverOption("fake-disk", kind: .integer, help: "Size of the disk in GiB."),
        DriverOption("fake-spot", kind: .flag, help: "Take a cheaper host."),
        DriverOption("fake-tag", kind: .list, help: "A tag."),
        DriverOption("fake-token", environment: "FAKE_TOKEN", isSecret: true, help: "The credential."),
    ]

    init(name: String = "fake") {
        self.name = name
    }

    /// What was called, as in `stop lab-1`.
    var calls: [String] { memory.withLock(\.calls) }

    func set(_ machine: String, _ state: MachineState) { memory.withLock { $0.states[machine] = state } }
    func fail(_ machine: String, with error: MachineError) { memory.withLock { $0.failures[machine] = error } }
    func leave(_ resources: [TaggedResource]) { memory.withLock { $0.tagged = resources } }

    private func act(_ verb: String, _ machine: DriverMachine, _ state: MachineState) throws {
        try memory.withLock { memory in
            memory.calls.append("\(verb) \(machine.name)")
            if let failure = memory.failures[machine.name] {
                throw failure
            }
            memory.states[machine.name] = state
        }
    }

    func preCreate(_ request: MachineRequest) async throws {}

    func create(
        _ request: MachineRequest,
        state: DriverState,
        save: @escaping @Sendable (DriverState) throws -> Void
    ) async throws -> DriverState {
        state
    }

    func remove(_ machine: DriverMachine) async throws { try act("remove", machine, .notFound) }
    func start(_ machine: DriverMachine) async throws { try act("start", machine, .running) }
    func stop(_ machine: DriverMachine) async throws { try act("stop", machine, .stopped) }
    func kill(_ machine: DriverMachine) async throws { try act("kill", machine, .stopped) }
    func restart(_ machine: DriverMachine) async throws { try act("restart", machine, .running) }

    func state(of machine: DriverMachine) async throws -> MachineState {
        try memory.withLock { memory in
            if let failure = memory.failures[machine.name] {
                throw failure
            }
            return memory.states[machine.name] ?? .running
        }
    }

    func address(of machine: DriverMachine) async throws -> String { machine.state["address"] ?? "10.0.0.1" }
    func sshAddress(of machine: DriverMachine) async throws -> SSHAddress? { nil }
    func tagged(options: [String: String]) async throws -> [TaggedResource] { memory.withLock(\.tagged) }
}
