// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import MachineDrivers
import Machines
import SwarmCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A store's folder with a tiny guest in it, and drivers whose calls ask a plan first.
final class QEMUBench: Sendable {
    static let hostSecret = "-----BEGIN KEY-----\nhost-key-secret\n-----END KEY-----"
    private static let templates = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("templates").path

    let folder = NSTemporaryDirectory() + "qemu-\(UUID().uuidString.prefix(8))"
    var image: String { folder + "/guest.raw" }

    init() throws {
        try AtomicFile.makeFolder(folder)
        try AtomicFile.write(Self.guest, to: image)
    }

    /// Ends what runs, and removes the folder.
    func close() {
        for name in AtomicFile.names(in: folder + "/machines") {
            if let process = process(of: name) {
                kill(process, SIGKILL)
            }
        }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The qemu of the machine with this name, by its pid file; only if that process is it.
    func process(of machine: String) -> pid_t? {
        let place = "\(folder)/machines/\(machine)/qemu"
        let text = try? AtomicFile.readText(place + "/pid")
        guard let id = text.flatMap({ pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }),
            let words = try? AtomicFile.readText("/proc/\(id)/cmdline"), words.contains(place)
        else {
            return nil
        }
        return id
    }

    /// A driver as one run of swarmctl has it.
    ///
    /// - Parameters:
    ///   - plan: asked before each call.
    ///   - tool: runs the program of this name; the real one unless given.
    /// - Returns: the driver.
    func driver(
        _ plan: FaultPlan,
        tool: @escaping @Sendable (String) -> any ToolRunning = QEMUBench.program
    ) -> QEMUDriver {
        QEMUDriver(
            tool: { FaultingTool(program: $0, inner: tool($0), plan: plan) },
            monitor: FaultingMonitor(inner: QEMUMonitor(), plan: plan),
            folder: folder,
            environment: ["SWARMCTL_TEMPLATES": Self.templates],
            patience: Patience(interval: .milliseconds(20), limit: .seconds(60)),
            probeLimit: .seconds(1)
        )
    }

    func request(_ options: [String: String] = [:], ports: [Int] = [22, 2376]) -> MachineRequest {
        let id = UUID().uuidString.lowercased()
        let own = [
            "qemu-image": image, "qemu-memory": "64", "qemu-cpu-count": "1", "qemu-disk-size": "16",
            "qemu-accelerator": "tcg", "qemu-address": "127.0.0.1",
        ]
        return MachineRequest(
            name: "t-\(id.prefix(6))",
            id: id,
            cluster: "lab",
            options: own.merging(options) { $1 },
            authorizedKey: "ssh-ed25519 AAAA test",
            hostKey: HostKey(privateKey: Self.hostSecret, publicKey: "ssh-ed25519 BBBB"),
            ports: ports
        )
    }

    @Sendable static func program(_ name: String) -> any ToolRunning {
        HostTool(name, advice: "", environment: ProcessInfo.processInfo.environment)
    }

    /// A disk whose boot sector heeds the power button and does nothing else:
    /// it allows the event at 0x602, sleeps between ticks until 0x600 tells it, and writes "sleep, S5" to 0x604.
    private static var guest: [UInt8] {
        var disk: [UInt8] = [0xBA, 0x02, 0x06, 0xB8, 0x00, 0x01, 0xEF, 0xFB]
        disk += [0xF4, 0xBA, 0x00, 0x06, 0xED, 0xF6, 0xC4, 0x01, 0x74, 0xF6]
        disk += [0xBA, 0x04, 0x06, 0xB8, 0x00, 0x20, 0xEF, 0xEB, 0xFE]
        disk += [UInt8](repeating: 0, count: 510 - disk.count)
        disk += [0x55, 0xAA]
        return disk + [UInt8](repeating: 0, count: (16 << 20) - disk.count)
    }
}

/// A program, with calls that go wrong as planned.
private struct FaultingTool: ToolRunning {
    let program: String
    let inner: any ToolRunning
    let plan: FaultPlan

    func run(_ words: [String], deadline: Deadline) async throws -> ToolResult {
        try Task.checkCancellation()
        switch plan.fault(for: ([program] + words).joined(separator: " ")) {
        case nil: return try await inner.run(words, deadline: deadline)
        case .hang:
            try await ContinuousClock().sleep(for: .seconds(600))
            throw CancellationError()
        case .answerLost:
            _ = try await inner.run(words, deadline: deadline)
            throw DeadlineExceeded(operation: "running \(program)")
        case .quotaExceeded:
            return ToolResult(
                status: 1,
                errors: "\(program): cannot set up guest memory 'pc.ram': Cannot allocate memory\n"
            )
        default: throw DeadlineExceeded(operation: "running \(program)")
        }
    }
}

/// The monitor, with calls that go wrong as planned.
private struct FaultingMonitor: MonitorTalking {
    let inner: any MonitorTalking
    let plan: FaultPlan

    func execute(_ command: String, at socket: String, deadline: Deadline) async throws -> JSON {
        try Task.checkCancellation()
        switch plan.fault(for: "qmp \(command)") {
        case nil: return try await inner.execute(command, at: socket, deadline: deadline)
        case .answerLost:
            _ = try await inner.execute(command, at: socket, deadline: deadline)
            throw DeadlineExceeded(operation: "telling qemu to \(command)")
        default: throw DeadlineExceeded(operation: "telling qemu to \(command)")
        }
    }
}
