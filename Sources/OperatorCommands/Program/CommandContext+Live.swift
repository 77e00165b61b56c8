// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import Machines

extension CommandContext {
    /// The context of a real run.
    static func live(_ options: GlobalOptions, environment: [String: String]) -> CommandContext {
        let home = environment["HOME"] ?? NSHomeDirectory()
        let configured = options.store ?? environment["SWARMCTL_STORE"] ?? ""
        let store = MachineStore(root: configured.isEmpty ? "\(home)/.swarmctl" : absolute(configured))
        var context = CommandContext(
            terminal: LiveTerminal(environment: environment),
            store: store,
            drivers: [],
            engines: LiveEngines(),
            shells: LiveShells(store: store),
            environment: environment,
            now: { Int(Date().timeIntervalSince1970) }
        )
        context.isDebugging = options.debug || environment["SWARMCTL_DEBUG", default: ""] == "1"
        return context
    }
}
