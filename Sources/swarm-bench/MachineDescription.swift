// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import SwarmCore

/// What the figures were measured on.
struct MachineDescription: Sendable {
    let processor: String
    /// Hardware threads.
    let cpus: Int
    /// In bytes.
    let memory: Int64
    let kernel: String
    let isOptimized: Bool

    /// Reads `/proc`; what is not there is empty or 0.
    init() {
        let processors = Self.lines("/proc/cpuinfo")
        processor = processors.first { $0.hasPrefix("model name") }.map { Self.value($0) } ?? ""
        cpus = processors.count { $0.hasPrefix("processor") }
        let total = Self.lines("/proc/meminfo").first { $0.hasPrefix("MemTotal") }.map { Self.value($0) } ?? ""
        memory = (Int64(total.prefix { $0.isNumber }) ?? 0) << 10
        kernel = Self.lines("/proc/sys/kernel/osrelease").first ?? ""
        #if DEBUG
        isOptimized = false
        #else
        isOptimized = true
        #endif
    }

    var text: String {
        "\(processor), \(cpus) CPUs, \(ByteCount(memory).iec), Linux \(kernel), \(isOptimized ? "release" : "debug") build"
    }

    var json: JSON {
        [
            "processor": JSON(processor), "cpus": JSON(cpus), "memory": JSON(memory), "kernel": JSON(kernel),
            "optimized": JSON(isOptimized),
        ]
    }

    private static func lines(_ path: String) -> [String] {
        let text = (try? AtomicFile.readText(path)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    /// What stands behind the colon.
    private static func value(_ line: String) -> String {
        String((line.split(separator: ":", maxSplits: 1).last ?? "").drop { $0.isWhitespace })
    }
}
