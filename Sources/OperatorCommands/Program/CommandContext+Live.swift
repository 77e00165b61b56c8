// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ClusterLifecycle
internal import Foundation
internal import MachineDrivers
internal import Machines
internal import SecureShell

extension CommandContext {
    /// The context of a real run.
    static func live(_ options: GlobalOptions, environment: [String: String]) -> CommandContext {
        let home = environment["HOME"] ?? NSHomeDirectory()
        let configured = options.store ?? environment["SWARMCTL_STORE"] ?? ""
        let store = MachineStore(root: configured.isEmpty ? "\(home)/.swarmctl" : absolute(configured))
        let terminal = LiveTerminal(environment: environment)
        let drivers = DriverCatalog.drivers(environment: environment, folder: absolute(store.root))
        let now: @Sendable () -> Int = { Int(Date().timeIntervalSince1970) }
        let shells = LiveShells {
            LifecycleContext(
                store: store,
                drivers: drivers,
                progress: ProgressBoard(terminal: terminal),
                environment: environment,
                sshConfig: try SSHConfig(path: "\(home)/.ssh/config"),
                now: now
            )
        }
        var context = CommandContext(
            terminal: terminal,
            store: store,
            drivers: drivers,
            engines: LiveEngines(),
            shells: shells,
            programs: LivePrograms(path: environment["PATH"] ?? "/usr/bin:/bin"),
            environment: environment,
            now: now
        )
        context.isDebugging = options.debug || environment["SWARMCTL_DEBUG", default: ""] == "1"
        return context
    }
}
