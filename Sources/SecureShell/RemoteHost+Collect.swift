// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

extension RemoteHost {
    /// Runs `command` and returns all that it wrote.
    ///
    /// - Parameters:
    ///   - command: the command line.
    ///   - input: what is written to its standard input, which is then closed.
    ///   - limit: the most bytes kept of both streams together; more is an error.
    ///   - deadline: when the call gives up.
    /// - Returns: the output, bytes that are not UTF-8 replaced, and how the command ended.
    /// - Throws: as ``run(_:input:deadline:onOutput:)``, ``OutputTooLong``.
    package func run(
        _ command: String,
        input: [UInt8] = [],
        limit: Int = 8 << 20,
        deadline: Deadline
    ) async throws -> CommandResult {
        let collector = OutputCollector(limit: limit)
        let status = try await run(command, input: input, deadline: deadline) { collector.add($0) }
        return try collector.result(status: status, host: name)
    }
}
