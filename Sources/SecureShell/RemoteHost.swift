// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// A host on which commands can be run and files written: over SSH, or a fake in a test.
package protocol RemoteHost: Sendable {
    /// Who is reached, for messages: `root@10.0.0.1:22`.
    var name: String { get }

    /// Runs `command` with the login shell of the remote user.
    ///
    /// Nothing secret belongs in `command`: it shows in the host's process list. Secrets go through
    /// `input`. On cancellation or at the deadline the channel is closed, and the remote side gets a
    /// hang-up.
    ///
    /// - Parameters:
    ///   - command: the command line, at most 128 KiB.
    ///   - input: what is written to its standard input, which is then closed.
    ///   - deadline: when the call gives up.
    ///   - onOutput: called with each piece of output as it comes, in order.
    /// - Returns: the exit status. A status other than 0 is a result, not an error.
    /// - Throws: an error that says why the host was not reached or the call not finished.
    func run(
        _ command: String,
        input: [UInt8],
        deadline: Deadline,
        onOutput: @escaping @Sendable (CommandOutput) -> Void
    ) async throws -> CommandStatus

    /// Writes a local file to the host: to a temporary beside `remotePath`, fsynced, then renamed.
    ///
    /// The file has `mode` from its first byte. Streamed: never whole in memory.
    func upload(_ localPath: String, to remotePath: String, mode: UInt32, deadline: Deadline) async throws
}

/// A piece of what a remote command wrote.
package enum CommandOutput: Sendable, Equatable {
    case standardOutput([UInt8])
    case standardError([UInt8])
}

/// How a remote command ended.
package enum CommandStatus: Sendable, Equatable {
    case exited(Int32)
    /// Ended by a signal, named without `SIG`: `KILL`.
    case signalled(String)

    package var isSuccess: Bool { self == .exited(0) }
}

/// Everything a remote command wrote and how it ended.
package struct CommandResult: Sendable, Equatable {
    package var status: CommandStatus
    package var standardOutput: String
    package var standardError: String

    package init(status: CommandStatus, standardOutput: String, standardError: String) {
        self.status = status
        self.standardOutput = standardOutput
        self.standardError = standardError
    }
}
