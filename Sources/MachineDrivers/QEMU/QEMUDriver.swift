// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import Machines
package import SecureShell
internal import SwarmCore

/// Virtual machines of qemu on this host, from a cloud image, without any service that manages them.
///
/// A machine is a folder below the store and, while it runs, a process that lives on without us: the lock on its pid
/// file tells that it runs, its monitor what it does. A cloud image stays as it is; a machine's disk keeps what differs.
package struct QEMUDriver: MachineDriver {
    package let name = "qemu"
    package let summary = "virtual machines of qemu on this host (KVM, HVF or emulated)"
    package let makesHosts = true
    package let options = Self.allOptions
    let tool: @Sendable (String) -> any ToolRunning
    let monitor: any MonitorTalking
    let folder: String
    let cloudInit: CloudInit
    let patience: Patience
    let probe: AccelerationProbe

    /// - Parameters:
    ///   - tool: runs the program of this name.
    ///   - monitor: gives commands to those that run.
    ///   - folder: of the store, absolute; machines are below `machines/NAME` in it.
    ///   - environment: of the process.
    ///   - patience: how states are waited for; three times as long when the machine is emulated.
    ///   - probeLimit: how long a guest may take that finds out whether there is a hypervisor.
    package init(
        tool: @escaping @Sendable (String) -> any ToolRunning,
        monitor: any MonitorTalking = QEMUMonitor(),
        folder: String,
        environment: [String: String],
        patience: Patience = Patience(interval: .milliseconds(500), limit: .seconds(90)),
        probeLimit: Duration = .seconds(10)
    ) {
        self.tool = tool
        self.monitor = monitor
        self.folder = folder
        cloudInit = CloudInit(environment: environment)
        self.patience = patience
        probe = AccelerationProbe(limit: probeLimit)
    }

    package init(folder: String, environment: [String: String]) {
        self.init(
            tool: { program in
                HostTool(
                    program,
                    advice: "install qemu: `apt-get install qemu-system-x86 qemu-utils`, or `brew install qemu`",
                    environment: environment
                )
            },
            folder: folder,
            environment: environment
        )
    }

    func place(_ machine: String) -> QEMUPlace { QEMUPlace(folder: "\(folder)/machines/\(machine)/qemu") }

    // MARK: Power

    package func start(_ machine: DriverMachine) async throws {
        let place = try existing(machine)
        if !place.isRunning {
            try await launch(machine, place)
        }
        try await waitUntilRuns(machine)
    }

    /// As its power button does; a machine that does not heed it is switched off.
    package func stop(_ machine: DriverMachine) async throws {
        let place = try existing(machine)
        var looks = 0
        let stopped = try await patience(machine).wait {
            guard place.isRunning else {
                return true
            }
            // Now and then again: a system that still boots does not hear it.
            if looks.isMultiple(of: 10) {
                try await press(machine, place)
            }
            looks += 1
            return nil
        }
        if stopped != true {
            try await kill(machine)
        }
    }

    private func press(_ machine: DriverMachine, _ place: QEMUPlace) async throws {
        do {
            _ = try await tell(machine, place, "system_powerdown")
        } catch is MachineError where !place.isRunning {
            // It went off meanwhile.
        }
    }

    package func kill(_ machine: DriverMachine) async throws {
        let place = try existing(machine)
        guard place.isRunning else {
            return
        }
        do {
            _ = try await tell(machine, place, "quit")
        } catch is MachineError {
            // One that does not listen is ended all the same, below.
            place.endProcess()
        }
        var short = patience
        short.limit = min(patience.limit, .seconds(15))
        if try await short.wait({ place.isRunning ? nil : true }) != true {
            place.endProcess()
        }
        guard try await patience.wait({ place.isRunning ? nil : true }) == true else {
            throw problem(machine, "its process does not end", .failed)
        }
    }

    package func restart(_ machine: DriverMachine) async throws {
        try await stop(machine)
        try await start(machine)
    }

    package func remove(_ machine: DriverMachine) async throws {
        let place = place(machine.name)
        guard isOurs(place, machine) else {
            return
        }
        try await kill(machine)
        try place.remove()
    }

    // MARK: Looking

    package func state(of machine: DriverMachine) async throws -> MachineState {
        let place = place(machine.name)
        guard isOurs(place, machine) else {
            return .notFound
        }
        guard place.isRunning else {
            return .stopped
        }
        do {
            return Self.state(try await tell(machine, place, "query-status")["status"].text)
        } catch is MachineError where !place.isRunning {
            return .stopped
        }
    }

    package func address(of machine: DriverMachine) async throws -> String {
        guard let address = machine.state["address"] else {
            throw gone(machine)
        }
        return address
    }

    package func sshAddress(of machine: DriverMachine) async throws -> SSHAddress? {
        SSHAddress(
            user: machine.options["qemu-ssh-user"] ?? "root",
            host: try await address(of: machine),
            port: machine.state["ssh-port"].flatMap { UInt16($0) } ?? 22
        )
    }

    /// What is below our store: machines of other stores on this host are not ours to remove.
    package func tagged(options: [String: String]) async throws -> [TaggedResource] {
        AtomicFile.names(in: "\(folder)/machines").compactMap { name in
            guard let tags = place(name).tags, tags[Tag.machine] == name, let id = tags[Tag.id] else {
                return nil
            }
            return Tag.resource("machine", id, tags)
        }
    }

    /// What qemu calls a state of a machine; `nil` for one that does not answer yet.
    static func state(_ status: String?) -> MachineState {
        switch status {
        case "running": .running
        case "paused", "suspended", "debug": .paused
        case nil, "prelaunch", "inmigrate", "restore-vm": .starting
        case "shutdown": .stopping
        case "internal-error", "io-error", "guest-panicked", "watchdog": .error
        default: .unknown
        }
    }

    // MARK: What these share

    /// - Returns: what it answered; ``JSON/null`` when it does not listen yet.
    func tell(_ machine: DriverMachine, _ place: QEMUPlace, _ command: String) async throws -> JSON {
        do {
            return try await monitor.execute(command, at: place.monitor, deadline: .after(.seconds(20)))
        } catch let error as MonitorError {
            switch error {
            case .absent: return .null
            case .hungUp: throw problem(machine, "qemu hung up", .unreachable, isTransient: true)
            case .badAnswer: throw problem(machine, "qemu's monitor speaks another protocol", .failed)
            case .refused(let text): throw problem(machine, text, .failed)
            }
        } catch let error as DeadlineExceeded {
            throw problem(machine, error.message, .unreachable, isTransient: true)
        }
    }

    func waitUntilRuns(_ machine: DriverMachine) async throws {
        let reached = try await patience(machine).wait { () async throws -> MachineState? in
            let state = try await state(of: machine)
            return state == .starting ? nil : state
        }
        guard reached == .running else {
            let found = (reached ?? .starting).rawValue
            throw problem(machine, "it does not run: \(found)", .unreachable, isTransient: true)
        }
    }

    private func patience(_ machine: DriverMachine) -> Patience {
        var patience = patience
        patience.limit *= machine.state["accelerator"] == AccelerationProbe.emulation ? 3 : 1
        return patience
    }

    func isOurs(_ place: QEMUPlace, _ machine: DriverMachine) -> Bool { place.tags?[Tag.id] == machine.id }

    private func existing(_ machine: DriverMachine) throws -> QEMUPlace {
        let place = place(machine.name)
        guard isOurs(place, machine) else {
            throw gone(machine)
        }
        return place
    }

    private func gone(_ machine: DriverMachine) -> MachineError { problem(machine, "it does not exist", .notFound) }

    func problem(
        _ machine: DriverMachine,
        _ problem: String,
        _ kind: ErrorKind,
        isTransient: Bool = false
    ) -> MachineError {
        .provider(driver: name, machine: machine.name, problem: problem, kind: kind, isTransient: isTransient)
    }
}
