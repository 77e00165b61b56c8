// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import SwarmCore

/// What can be done to a machine's power.
package enum PowerAction: String, Sendable, CaseIterable {
    case start, stop, restart, kill

    /// Whether the machine runs afterwards.
    package var leavesRunning: Bool { self == .start || self == .restart }

    /// As in `"lab-1": stopped`.
    package var past: String {
        switch self {
        case .start: "started"
        case .stop: "stopped"
        case .restart: "restarted"
        case .kill: "killed"
        }
    }

    func perform(_ driver: any MachineDriver, _ machine: DriverMachine) async throws {
        switch self {
        case .start: try await driver.start(machine)
        case .stop: try await driver.stop(machine)
        case .restart: try await driver.restart(machine)
        case .kill: try await driver.kill(machine)
        }
    }
}

/// Starts, stops, restarts or kills machines, several at the same time.
struct PowerChange: Sendable {
    let action: PowerAction
    let timeout: Duration
    let context: CommandContext

    /// Acts on all machines and prints the name of each when it is done.
    ///
    /// - Throws: ``PartialFailure`` with the machines that failed, in the order of `machines`.
    func run(_ machines: [MachineRecord]) async throws {
        let results = await inParallel(machines, limit: 16) { machine in
            await run(machine)
        }
        try Task.checkCancellation()
        let failures = results.compactMap { $0 }
        guard failures.isEmpty else {
            throw PartialFailure(failures: failures, total: machines.count)
        }
    }

    private func run(_ machine: MachineRecord) async -> (any UserFacingError)? {
        let deadline = Deadline.after(timeout)
        do {
            let use = try context.store.use(machine: machine.name)
            defer { withExtendedLifetime(use) {} }
            context.terminal.note("\(machine.name): \(action.rawValue) …")
            try await withDeadline(deadline, operation: "\(action.rawValue) of \"\(machine.name)\"") {
                try await action.perform(try context.driver(machine.driver), try context.driverMachine(machine))
            }
            if action.leavesRunning {
                try await settle(machine, deadline: deadline)
            }
            context.terminal.output(machine.name)
            return nil
        } catch {
            return ReportedError(error)
        }
    }

    /// Notes a new address, and waits for the engine of a machine that had one.
    private func settle(_ machine: MachineRecord, deadline: Deadline) async throws {
        let driver = try context.driver(machine.driver)
        let known = try context.driverMachine(machine)
        var record = try context.store.machine(machine.name)
        record.address = try await driver.address(of: known)
        record.ssh = try await driver.sshAddress(of: known) ?? record.ssh
        if record != machine {
            try context.store.save(record)
            if record.address != machine.address {
                context.terminal.note(
                    "\(machine.name): its address is now \(record.address ?? "unknown"); "
                        + "the cluster finds it there; for clients that call the machine itself by its address, run "
                        + "`swarmctl provision \(machine.name)` for a certificate with it"
                )
            }
        }
        guard record.phase >= .provisioned else {
            return
        }
        try await waitForEngine(of: record, deadline: deadline)
    }

    /// Asks the engine until it answers: nothing on our side hears of its start.
    private func waitForEngine(of machine: MachineRecord, deadline: Deadline) async throws {
        let target = try context.engineTarget(of: .machine(machine))
        // Where ports are forwarded, who connects while the machine boots is let in and hung up on.
        let patience = Deadline.after(.seconds(60))
        while true {
            do {
                _ = try await context.engines.get("/_ping", at: target, deadline: deadline.capped(at: .seconds(5)))
                return
            } catch let error as any UserFacingError
                where (error.kind == .unreachable || (error.kind == .denied && !patience.hasPassed))
                && !deadline.hasPassed
            {
                try await ContinuousClock().sleep(for: .milliseconds(250))
            }
        }
    }
}
