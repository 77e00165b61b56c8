// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines
internal import SwarmCore

/// Everything a command reaches outside itself, so that a test can replace all of it.
package struct CommandContext: Sendable {
    package var terminal: any OperatorTerminal
    package var store: MachineStore
    package var drivers: [any MachineDriver]
    package var engines: any EngineAccess
    package var shells: any ShellAccess
    package var programs: any LocalPrograms
    /// The environment of the process.
    package var environment: [String: String]
    /// Seconds since 1970, UTC.
    package var now: @Sendable () -> Int
    package var isDebugging = false

    package init(
        terminal: any OperatorTerminal,
        store: MachineStore,
        drivers: [any MachineDriver],
        engines: any EngineAccess,
        shells: any ShellAccess,
        programs: any LocalPrograms,
        environment: [String: String],
        now: @escaping @Sendable () -> Int
    ) {
        self.terminal = terminal
        self.store = store
        self.drivers = drivers
        self.engines = engines
        self.shells = shells
        self.programs = programs
        self.environment = environment
        self.now = now
    }

    /// The driver called `name`.
    ///
    /// - Throws: `MachineError.unknownDriver`.
    package func driver(_ name: String) throws -> any MachineDriver {
        guard let driver = drivers.first(where: { $0.name == name }) else {
            throw MachineError.unknownDriver(name: name, known: drivers.map(\.name))
        }
        return driver
    }

    /// The user's home folder.
    package var home: String { environment["HOME"] ?? "/" }

    /// Writes a line for whoever looks for a fault; shown with `--debug` only.
    package func debug(_ line: @autoclosure () -> String) {
        if isDebugging {
            terminal.note("debug: \(line())")
        }
    }
}
