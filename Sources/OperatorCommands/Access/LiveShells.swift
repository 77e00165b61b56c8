// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ClusterLifecycle
internal import Machines
internal import SecureShell
internal import SwarmCore
internal import Synchronization

/// Connections over SSH with the keys and known hosts of the store.
struct LiveShells: ShellAccess {
    let lifecycle: @Sendable () throws -> LifecycleContext

    func connect(to machine: MachineRecord, user: String?, deadline: Deadline) async throws -> any ShellSession {
        var machine = machine
        guard var address = machine.ssh else {
            throw OperatorError.noSSH(machine: machine.name)
        }
        address.user = user ?? address.user
        machine.ssh = address
        return LiveShell(connection: try await lifecycle().connect(to: machine, deadline: deadline))
    }
}

/// A connection of SecureShell, as commands see it.
private final class LiveShell: ShellSession {
    private let connection: SSHConnection
    /// Kept because a forward ends when nobody holds it.
    private let forwards = Mutex<[LocalForward]>([])

    init(connection: SSHConnection) {
        self.connection = connection
    }

    var name: String { connection.name }

    func run(
        _ command: String,
        input: [UInt8],
        deadline: Deadline,
        onOutput: @escaping @Sendable (CommandOutput) -> Void
    ) async throws -> CommandStatus {
        try await connection.run(command, input: input, deadline: deadline, onOutput: onOutput)
    }

    func upload(_ localPath: String, to remotePath: String, mode: UInt32, deadline: Deadline) async throws {
        try await connection.upload(localPath, to: remotePath, mode: mode, deadline: deadline)
    }

    func interact(_ command: String?, terminal: Bool?) async throws -> CommandStatus {
        let wish: SSHConnection.PseudoTerminal =
            switch terminal {
            case nil: .automatic
            case true?: .always
            case false?: .never
            }
        return try await connection.interact(command, pseudoTerminal: wish)
    }

    func sendTree(_ localPath: String, to remotePath: String, deadline: Deadline) async throws {
        try await connection.uploadTree(localPath, to: remotePath, deadline: deadline)
    }

    func fetchTree(_ remotePath: String, to localPath: String, deadline: Deadline) async throws {
        try await connection.downloadTree(remotePath, to: localPath, deadline: deadline)
    }

    func forwardPort(_ localPort: UInt16, to host: String, port: UInt16) async throws -> UInt16 {
        let forward = try await connection.forward(
            to: ForwardTarget(host: host, port: port),
            listeningOn: localPort
        )
        forwards.withLock { $0.append(forward) }
        return forward.port
    }

    func waitUntilLost() async throws {
        try await connection.waitUntilLost()
    }

    func close() async {
        await connection.close()
    }
}
