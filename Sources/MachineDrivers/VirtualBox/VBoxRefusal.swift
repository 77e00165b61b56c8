// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// Why VBoxManage did not do something, by the names of its errors, which are the same in all its languages.
enum VBoxRefusal: Equatable {
    case diskFull
    case denied
    case taken
    /// Another program holds the machine, or VirtualBox's service is ending; nothing was done.
    case busy

    /// - Parameter errors: what it wrote; `nil` when there is nothing in it that we know.
    init?(errors: String) {
        func names(_ codes: String...) -> Bool { codes.contains(where: errors.contains) }
        if names("VERR_DISK_FULL", "VERR_NO_MEMORY") {
            self = .diskFull
        } else if names("VERR_ACCESS_DENIED", "VERR_PERMISSION_DENIED") {
            self = .denied
        } else if names("VBOX_E_OBJECT_IN_USE", "VERR_ALREADY_EXISTS") {
            self = .taken
        } else if names("VBOX_E_INVALID_OBJECT_STATE", "E_ACCESSDENIED", "NS_ERROR_SOCKET_FAIL") {
            self = .busy
        } else {
            return nil
        }
    }

    var kind: ErrorKind {
        switch self {
        case .diskFull: .noCapacity
        case .denied: .denied
        case .taken, .busy: .conflict
        }
    }

    var isTransient: Bool { self == .busy }

    var advice: String {
        switch self {
        case .diskFull: "make room there, or keep the store elsewhere with SWARMCTL_STORE, and run the command again"
        case .denied: "run VirtualBox as the user who owns its folder, and who is in the group vboxusers"
        case .taken: "look at `VBoxManage list vms` and `VBoxManage list hdds`, and remove what is in the way"
        case .busy: "close the program that has the machine open, and run the command again"
        }
    }
}

/// Calls VBoxManage again while a machine is held by another call that is about to end; the one place that does.
package struct RetryingVBoxManage: ToolRunning {
    private static let attempts = 5

    private let tool: any ToolRunning
    private let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - tool: makes the calls.
    ///   - clock: measures the waits: half a second, and twice as long each time.
    package init(_ tool: any ToolRunning, clock: any Clock<Duration> = ContinuousClock()) {
        self.tool = tool
        sleep = { try await clock.sleep(for: $0) }
    }

    package func run(_ words: [String], deadline: Deadline) async throws -> ToolResult {
        var wait = Duration.milliseconds(500)
        for _ in 1..<Self.attempts {
            let result = try await tool.run(words, deadline: deadline)
            guard result.status != 0, VBoxRefusal(errors: result.errors) == .busy, wait < deadline.remaining else {
                return result
            }
            try await sleep(wait)
            wait *= 2
        }
        return try await tool.run(words, deadline: deadline)
    }
}
