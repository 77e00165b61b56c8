// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import SecureShell
import SwarmCore
import Synchronization

/// A system container as a host, reached through `docker exec`: provisioning without SSH, so that a failure is
/// provisioning's own.
struct ContainerHost: RemoteHost {
    let container: String
    /// Who runs the commands.
    var user = "root"

    var name: String { "\(user)@\(container)" }

    func run(
        _ command: String,
        input: [UInt8],
        deadline: Deadline,
        onOutput: @escaping @Sendable (CommandOutput) -> Void
    ) async throws -> CommandStatus {
        try await withDeadline(deadline, operation: "running a command on \"\(container)\"") { [self] in
            let process = LocalProcess(
                ["docker", "-H", Testbed.engine, "exec", "-i", "-u", user, container, "sh", "-c", command]
            )
            return .exited(try await process.run(input: input, onOutput: onOutput))
        }
    }

    func upload(_ localPath: String, to remotePath: String, mode: UInt32, deadline: Deadline) async throws {
        let copy = LocalProcess(["docker", "-H", Testbed.engine, "cp", localPath, "\(container):\(remotePath)"])
        _ = try await copy.run(input: []) { _ in }
    }
}
