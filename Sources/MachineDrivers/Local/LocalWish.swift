// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import SwarmCore

/// The driver's options of one machine, read.
struct LocalWish: Equatable {
    var image: String
    var network: String
    /// Bytes; 0 is no limit.
    var memory: Int64 = 0
    /// Billionths of a CPU; 0 is no limit.
    var cpus: Int64 = 0

    /// - Throws: ``MachineError/badOption(option:driver:problem:)``.
    init(_ request: MachineRequest) throws {
        let options = request.options.filter { !$0.value.isEmpty }
        image = options["local-image"] ?? LocalDriver.defaultImage
        network = options["local-network"] ?? "swarmctl"
        if let text = options["local-memory"] {
            // The engine takes no less than 6 MiB; systemd and an engine need more.
            guard let memory = ByteCount(parsing: text), memory.bytes >= 64 << 20 else {
                throw Self.bad("local-memory", "\"\(text)\" is not a size of at least 64m")
            }
            self.memory = memory.bytes
        }
        if let text = options["local-cpus"] {
            guard let count = Double(text), count >= 0.01, count <= 1024 else {
                throw Self.bad("local-cpus", "\"\(text)\" is not a number from 0.01 to 1024")
            }
            cpus = Int64(count * 1_000_000_000)
        }
    }

    private static func bad(_ option: String, _ problem: String) -> MachineError {
        .badOption(option: option, driver: "local", problem: problem)
    }
}
