// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import MachineDrivers
import SwarmCore

/// VBoxManage, the real one or one in memory, whose calls go wrong as planned, with the words of the real one (7.2).
struct FaultingVBoxManage: ToolRunning {
    let inner: any ToolRunning
    let plan: FaultPlan

    /// The way with or without the decorator that retries, as the plan says.
    static func path(to inner: any ToolRunning, plan: FaultPlan) -> any ToolRunning {
        let tool = FaultingVBoxManage(inner: inner, plan: plan)
        return plan.isRetried ? RetryingVBoxManage(tool, clock: plan.clock) : tool
    }

    func run(_ words: [String], deadline: Deadline) async throws -> ToolResult {
        try Task.checkCancellation()
        switch plan.fault(for: words.joined(separator: " ")) {
        case nil: return try await inner.run(words, deadline: deadline)
        case .hang:
            try await ContinuousClock().sleep(for: .seconds(600))
            throw CancellationError()
        case .answerLost:
            _ = try await inner.run(words, deadline: deadline)
            throw DeadlineExceeded(operation: "running VBoxManage")
        case .quotaExceeded:
            return FakeVBoxManage.failure("Cannot write (VERR_DISK_FULL)", "VBOX_E_IPRT_ERROR")
        case .wrongCredentials:
            return FakeVBoxManage.failure("Cannot open VirtualBox.xml (VERR_ACCESS_DENIED)", "VBOX_E_IPRT_ERROR")
        case .rateLimited:
            return FakeVBoxManage.failure("The machine is locked by a session", "VBOX_E_INVALID_OBJECT_STATE")
        case .cut, .timeout: throw DeadlineExceeded(operation: "running VBoxManage")
        }
    }
}
