// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import Machines
internal import SwarmCore

extension QEMUDriver {
    package func create(
        _ request: MachineRequest,
        state: DriverState,
        save: @escaping @Sendable (DriverState) throws -> Void
    ) async throws -> DriverState {
        let values = DriverValues(request.options, of: self)
        var state = state
        if state["vm"] == nil {
            state.merge(try whereabouts(request, values)) { $1 }
            // The id is ours: it is known before there is anything that has it.
            state["vm"] = request.id
            try save(state)
        }
        var machine = DriverMachine(request, state)
        let place = place(request.name)
        guard place.tags == nil || isOurs(place, machine) else {
            throw taken(request)
        }
        try place.claim(for: request)
        if !place.isRunning {
            let accelerator = try await accelerator(values)
            machine.state["accelerator"] = accelerator
            // For whoever waits for its first boot, which takes minutes on a busy host when it is emulated.
            machine.state["boot-seconds"] = accelerator == AccelerationProbe.emulation ? "900" : nil
            try save(machine.state)
            try await makeDisk(machine, values, place)
            try makeSeed(request, values, place)
            try await launch(machine, place)
        }
        try await waitUntilRuns(machine)
        try save(machine.state)
        return machine.state
    }

    /// Where the machine will be reached: at ports of this host, or at an address of its own.
    private func whereabouts(_ request: MachineRequest, _ values: DriverValues) throws -> DriverState {
        guard try QEMUNetwork(values) == .user else {
            return ["address": try values.required("network-address")]
        }
        return try GuestForwards(request, address: values["address"], state: [:]).state
    }

    /// A file that holds what differs from the image, whole or not there at all.
    private func makeDisk(_ machine: DriverMachine, _ values: DriverValues, _ place: QEMUPlace) async throws {
        guard !AtomicFile.exists(place.disk) else {
            return
        }
        let image = try await image(values, machine.name)
        let size = max(image.size, Int64(try QEMUSize(values).disk) << 20)
        let unfinished = place.disk + ".new"
        try await run(
            Self.imageTool,
            ["create", "-q", "-f", "qcow2", "-F", image.format, "-b", image.path, unfinished, "\(size)"],
            machine.name
        )
        guard rename(unfinished, place.disk) == 0 else {
            throw FileError(action: "write", path: place.disk, code: errno)
        }
    }

    private func makeSeed(_ request: MachineRequest, _ values: DriverValues, _ place: QEMUPlace) throws {
        let user = try cloudInit.userData(for: request, user: values["ssh-user"] ?? "root", extra: values["userdata"])
        let image = SeedImage(files: [
            (name: "meta-data", content: Array(try cloudInit.metaData(for: request).utf8)),
            (name: "user-data", content: Array(user.utf8)),
        ])
        // The host's private key is in it.
        try AtomicFile.write(image.bytes, to: place.seed, mode: 0o600)
    }

    /// Starts the process, which goes on when this one ends.
    func launch(_ machine: DriverMachine, _ place: QEMUPlace) async throws {
        let values = DriverValues(machine.options, of: self)
        var accelerator = machine.state["accelerator"] ?? AccelerationProbe.emulation
        if accelerator == AccelerationProbe.native {
            // The store may be on another machine now, or the module gone.
            accelerator = try await self.accelerator(values)
        }
        let command = QEMUCommand(machine: machine, values: values, place: place, accelerator: accelerator)
        do {
            try await run(try program(values), try command.words(), machine.name)
        } catch let error as MachineError where error.kind == .conflict && place.isRunning {
            // A call that was cut off has started it meanwhile: qemu lets one process have the disk.
        }
    }

    /// Runs a program that must succeed.
    ///
    /// - Returns: what it wrote to its standard output.
    /// - Throws: ``MachineError/provider(driver:machine:problem:kind:isTransient:)``, ``ToolError``.
    @discardableResult
    func run(_ program: String, _ words: [String], _ machine: String) async throws -> String {
        let result: ToolResult
        do {
            result = try await tool(program).run(words, deadline: .after(.seconds(120)))
        } catch let error as DeadlineExceeded {
            throw MachineError.provider(
                driver: name,
                machine: machine,
                problem: error.message,
                kind: .unreachable,
                isTransient: true
            )
        }
        guard result.status == 0 else {
            throw Self.failure(of: program, result, machine)
        }
        return result.output
    }

    private static func failure(of program: String, _ result: ToolResult, _ machine: String) -> MachineError {
        let line = result.errors.split(whereSeparator: \.isNewline).first { !$0.contains("warning:") }
        let text = line.map(String.init) ?? "it ended with status \(result.status)"
        func says(_ words: String...) -> Bool { words.contains { result.errors.contains($0) } }
        let kind: ErrorKind =
            if says("Cannot allocate memory", "No space left on device") {
                .noCapacity
            } else if says("lock", "Could not set up host forwarding rule", "Address already in use") {
                .conflict
            } else if says("Permission denied", "Operation not permitted") {
                .denied
            } else {
                .failed
            }
        let problem = text.hasPrefix(program) ? text : "\(program): \(text)"
        return .provider(driver: "qemu", machine: machine, problem: problem, kind: kind, isTransient: false)
    }

    /// What runs the guest's instructions: as asked for, else the best that works here.
    private func accelerator(_ values: DriverValues) async throws -> String {
        let wanted = try wantedAccelerator(values)
        guard wanted == "auto" else {
            return wanted
        }
        let program = try program(values)
        return try await probe.best(for: program, tool(program))
    }
}
