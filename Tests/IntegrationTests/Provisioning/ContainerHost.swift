// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import SecureShell
import SwarmCore

/// A system container as a host, reached through `docker exec`: without SSH, so that a failure is provisioning's own.
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
        let words = ["-H", Testbed.engine, "exec", "-i", "-u", user, container, "sh", "-c", command]
        let result = try await IntegrationTests.run("docker", words, input: Data(input), timeout: deadline.remaining)
        onOutput(.standardOutput(Array(result.output.utf8)))
        onOutput(.standardError(Array(result.errors.utf8)))
        return .exited(result.status)
    }

    func upload(_ localPath: String, to remotePath: String, mode: UInt32, deadline: Deadline) async throws {
        let words = ["-H", Testbed.engine, "cp", localPath, "\(container):\(remotePath)"]
        _ = try await IntegrationTests.run("docker", words, timeout: deadline.remaining)
    }
}
