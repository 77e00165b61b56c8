// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import SwarmCore

/// Finds out what runs virtual machines fast here, by running one.
///
/// A `/dev/kvm` that is there says little: in some nested machines a guest never executes anything. So a guest
/// of eleven bytes, which switches itself off, is given ten seconds.
actor AccelerationProbe {
    /// The hypervisor of this system.
    #if canImport(Darwin)
    static let native = "hvf"
    #else
    static let native = "kvm"
    #endif
    /// Emulation, which works anywhere.
    static let emulation = "tcg"

    private let limit: Duration
    private var known: [String: String] = [:]

    /// - Parameter limit: how long a guest may take.
    init(limit: Duration = .seconds(10)) {
        self.limit = limit
    }

    /// Finds out, once a program.
    ///
    /// - Parameters:
    ///   - name: of the program.
    ///   - tool: runs it.
    /// - Returns: ``native`` when a guest ran with it, else ``emulation``.
    /// - Throws: `FileError`, ``ToolError``, `CancellationError`.
    func best(for name: String, _ tool: any ToolRunning) async throws -> String {
        if let best = known[name] {
            return best
        }
        let best = try await Self.runs(Self.native, tool, limit) ? Self.native : Self.emulation
        known[name] = best
        return best
    }

    /// Whether a guest runs to its end with `accelerator`.
    static func runs(_ accelerator: String, _ tool: any ToolRunning, _ limit: Duration) async throws -> Bool {
        let disk = NSTemporaryDirectory() + "swarmctl-probe-\(UUID().uuidString)"
        try AtomicFile.write(guest, to: disk)
        defer { AtomicFile.remove(disk) }
        do {
            let result = try await tool.run(
                [
                    "-accel", accelerator, "-machine", "pc", "-m", "16", "-nodefaults", "-no-user-config", "-display",
                    "none", "-drive", "if=ide,format=raw,file=" + QEMUCommand.escaped(disk),
                ],
                deadline: .after(limit)
            )
            return result.status == 0
        } catch is DeadlineExceeded {
            return false
        }
    }

    /// A disk whose boot sector writes "sleep, S5" to the register for power that the firmware has put at 0x604.
    private static var guest: [UInt8] {
        var disk: [UInt8] = [0xFA, 0xBA, 0x04, 0x06, 0xB8, 0x00, 0x20, 0xEF, 0xF4, 0xEB, 0xFD]
        disk += [UInt8](repeating: 0, count: 510 - disk.count)
        disk += [0x55, 0xAA]
        return disk + [UInt8](repeating: 0, count: (64 << 10) - disk.count)
    }
}
