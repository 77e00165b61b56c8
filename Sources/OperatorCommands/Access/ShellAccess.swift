// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines
package import SecureShell
package import SwarmCore

/// Connections to machines over SSH.
package protocol ShellAccess: Sendable {
    /// Connects to `machine`.
    ///
    /// - Parameters:
    ///   - machine: a machine with ``MachineRecord/ssh``.
    ///   - user: another user than the machine's; `nil` for that one.
    ///   - deadline: when the attempt gives up.
    /// - Returns: the connection; close it.
    /// - Throws: ``OperatorError/noSSH(machine:)`` and what says why the host is not reached.
    func connect(to machine: MachineRecord, user: String?, deadline: Deadline) async throws -> any ShellSession
}

/// One connection, on which any number of things are done.
package protocol ShellSession: RemoteHost {
    /// Gives the remote side this process's own streams until the command ends.
    ///
    /// - Parameters:
    ///   - command: the command line; `nil` for the login shell.
    ///   - terminal: whether the remote side gets a terminal; `nil`: when standard input is one.
    /// - Returns: how the command ended.
    /// - Throws: what ended the connection.
    func interact(_ command: String?, terminal: Bool?) async throws -> CommandStatus

    /// Copies a file, or a folder with all in it, to the host.
    func sendTree(_ localPath: String, to remotePath: String, deadline: Deadline) async throws

    /// Copies a file, or a folder with all in it, from the host.
    func fetchTree(_ remotePath: String, to localPath: String, deadline: Deadline) async throws

    /// Listens on a port of 127.0.0.1 and passes each connection on to `host` and `port`, as the remote side sees them.
    ///
    /// - Parameters:
    ///   - localPort: 0 for any free one.
    ///   - host: a name or an address.
    ///   - port: 1 to 65535.
    /// - Returns: the local port.
    /// - Throws: why the port cannot be listened on.
    func forwardPort(_ localPort: UInt16, to host: String, port: UInt16) async throws -> UInt16

    /// Waits until the connection ends, then throws why.
    func waitUntilLost() async throws

    /// Ends the connection and all that goes through it.
    func close() async
}

/// Tries `body` with a connection to `machine`, and closes the connection whatever happens.
extension ShellAccess {
    package func withSession<Value: Sendable>(
        to machine: MachineRecord,
        user: String? = nil,
        timeout: Duration = .seconds(30),
        _ body: (any ShellSession) async throws -> Value
    ) async throws -> Value {
        let session = try await connect(to: machine, user: user, deadline: .after(timeout))
        do {
            let value = try await body(session)
            await session.close()
            return value
        } catch {
            await session.close()
            throw error
        }
    }
}
