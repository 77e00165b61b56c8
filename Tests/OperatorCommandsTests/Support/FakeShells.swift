// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Machines
import OperatorCommands
import SecureShell
import SwarmCore
import Synchronization

/// Hosts over SSH that remember what was asked of them.
final class FakeShells: ShellAccess {
    private let log = Mutex<[String]>([])
    private let status: CommandStatus
    private let output: String

    init(status: CommandStatus = .exited(0), output: String = "") {
        self.status = status
        self.output = output
    }

    /// As in `lab-1 run uptime`.
    var calls: [String] { log.withLock { $0 } }

    func connect(to machine: MachineRecord, user: String?, deadline: Deadline) async throws -> any ShellSession {
        guard machine.ssh != nil else {
            throw OperatorError.noSSH(machine: machine.name)
        }
        return Session(shells: self, name: (user.map { "\($0)@" } ?? "") + machine.name)
    }

    private func note(_ call: String) { log.withLock { $0.append(call) } }

    private struct Session: ShellSession {
        let shells: FakeShells
        let name: String

        func run(
            _ command: String,
            input: [UInt8],
            deadline: Deadline,
            onOutput: @escaping @Sendable (CommandOutput) -> Void
        ) async throws -> CommandStatus {
            shells.note("\(name) run \(command)")
            onOutput(.standardOutput(Array(shells.output.utf8)))
            return shells.status
        }

        func upload(_ localPath: String, to remotePath: String, mode: UInt32, deadline: Deadline) async throws {}

        func interact(_ command: String?, terminal: Bool?) async throws -> CommandStatus {
            shells.note("\(name) interact \(command ?? "-") \(terminal.map { "\($0)" } ?? "auto")")
            return shells.status
        }

        func sendTree(_ localPath: String, to remotePath: String, deadline: Deadline) async throws {
            shells.note("\(name) send \(localPath) \(remotePath)")
        }

        func fetchTree(_ remotePath: String, to localPath: String, deadline: Deadline) async throws {
            shells.note("\(name) fetch \(remotePath) \(localPath)")
        }

        func forwardPort(_ localPort: UInt16, to host: String, port: UInt16) async throws -> UInt16 {
            shells.note("\(name) forward \(localPort) \(host) \(port)")
            return localPort == 0 ? 40000 : localPort
        }

        func waitUntilLost() async throws {}
        func close() async { shells.note("\(name) close") }
    }
}

/// Programs that are or are not there.
final class FakePrograms: LocalPrograms {
    private let runs = Mutex<[(words: [String], environment: [String: String])]>([])
    private let known: Set<String>
    private let status: Int32

    init(_ known: Set<String> = [], status: Int32 = 0) {
        self.known = known
        self.status = status
    }

    var calls: [(words: [String], environment: [String: String])] { runs.withLock { $0 } }

    func find(_ name: String) -> String? { known.contains(name) ? "/usr/bin/\(name)" : nil }

    func run(_ path: String, _ arguments: [String], environment: [String: String]) async throws -> Int32 {
        runs.withLock { $0.append(([path] + arguments, environment)) }
        return status
    }
}
