// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import SecureShell
internal import SwarmCore

/// Connections over SSH with the keys and known hosts of the store.
struct LiveShells: ShellAccess {
    let store: MachineStore

    func connect(to machine: MachineRecord, user: String?, deadline: Deadline) async throws -> any ShellSession {
        throw OperatorError.noSSH(machine: machine.name)
    }
}
