// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// What a process has taken of the machine so far.
struct ProcessSample: Sendable {
    /// Resident memory in bytes.
    let resident: Double
    /// The most there was.
    let peak: Double
    /// Open descriptors.
    let descriptors: Int
    /// Processor time, user and system, in seconds.
    let processor: Double

    /// Reads `/proc`; what is not there is 0.
    init(of process: pid_t) {
        let status = (try? AtomicFile.readText("/proc/\(process)/status")) ?? ""
        resident = Self.kibibytes("VmRSS:", in: status) * 1024
        peak = Self.kibibytes("VmHWM:", in: status) * 1024
        descriptors = AtomicFile.names(in: "/proc/\(process)/fd").count
        let stat = (try? AtomicFile.readText("/proc/\(process)/stat")) ?? ""
        // Behind the name, which may hold spaces: the 12th and 13th field are ticks.
        let fields = (stat.split(separator: ")").last ?? "").split(separator: " ")
        let ticks = fields.count > 12 ? (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0) : 0
        processor = ticks / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    }

    private static func kibibytes(_ name: String, in status: String) -> Double {
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
        return Double(line.dropFirst(name.count).filter { $0.isNumber }) ?? 0
    }
}

/// The time of day.
enum SystemTime {
    /// Nanoseconds since 1970.
    static func nanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
