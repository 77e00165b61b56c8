// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// What a system container must be allowed, so that systemd and a nested engine work in it.
package struct HostPrivileges: Equatable, Sendable {
    package var isPrivileged: Bool
    package var added: [String]
    package var dropped: [String]

    /// In the order of the kernel's numbers, as far as every engine knows the names (Linux 3.16).
    package static let names = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
        "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
        "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
        "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
        "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
    ]

    package static let privileged = HostPrivileges(isPrivileged: true, added: [], dropped: [])

    /// Chooses by what this process could get at most, which is what the engine beside it could.
    ///
    /// Where nothing is out of bounds: privileged. Else an engine refuses to make a privileged
    /// container, and gets the list of what is allowed.
    ///
    /// - Parameters:
    ///   - status: of `/proc/self/status`; `nil` where there is none: the engine is in a VM of its own.
    ///   - lastCapability: the highest number that the kernel knows.
    package init(status: String?, lastCapability: Int?) {
        let line = status?.split(separator: "\n").first { $0.hasPrefix("CapBnd:") }
        guard let digits = line?.dropFirst(7).filter(\.isHexDigit), let bounding = UInt64(digits, radix: 16),
            let lastCapability, (0..<64).contains(lastCapability)
        else {
            self = .privileged
            return
        }
        guard (0...lastCapability).contains(where: { bounding >> UInt64($0) & 1 == 0 }) else {
            self = .privileged
            return
        }
        let numbered = Self.names.enumerated()
        isPrivileged = false
        added = numbered.filter { bounding >> UInt64($0.offset) & 1 == 1 }.map(\.element)
        dropped = numbered.filter { bounding >> UInt64($0.offset) & 1 == 0 }.map(\.element)
    }

    private init(isPrivileged: Bool, added: [String], dropped: [String]) {
        self.isPrivileged = isPrivileged
        self.added = added
        self.dropped = dropped
    }
}
