// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ClusterLifecycle
package import Machines
internal import SecureShell
internal import SwarmCore

extension CommandContext {
    /// What the operations on clusters and machines need.
    ///
    /// - Throws: why `~/.ssh/config` cannot be read.
    package func lifecycleContext() throws -> LifecycleContext {
        lifecycleContext(sshConfig: try SSHConfig(path: "\(home)/.ssh/config"))
    }

    /// The machine as its driver is told of it, secrets resolved.
    package func driverMachine(_ machine: MachineRecord) throws -> DriverMachine {
        // Drivers do not read the user's configuration of SSH, so a slip in that does not matter here.
        try lifecycleContext(sshConfig: SSHConfig()).driverMachine(machine)
    }

    private func lifecycleContext(sshConfig: SSHConfig) -> LifecycleContext {
        LifecycleContext(
            store: store,
            drivers: drivers,
            progress: ProgressBoard(terminal: terminal),
            environment: environment,
            sshConfig: sshConfig,
            now: now
        )
    }

    /// Does `body` with the operations on clusters and machines, and shows their progress meanwhile.
    ///
    /// - Parameters:
    ///   - options: how many hosts at a time, and whose templates.
    ///   - body: gets the operations.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws.
    package func withLifecycle<Value: Sendable>(
        _ options: WorkOptions,
        _ body: @escaping @Sendable (ClusterLifecycle) async throws -> Value
    ) async throws -> Value {
        var context = try lifecycleContext()
        context.parallel = options.parallel
        context.templateOverrides = options.templates
        let lifecycle = ClusterLifecycle(context: context)
        let board = context.progress
        defer { board.finish() }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body(lifecycle) }
            group.addTask {
                await board.keepFresh()
                return nil
            }
            defer { group.cancelAll() }
            // Without a terminal the second task ends at once, with nothing.
            while let result = try await group.next() {
                if let value = result {
                    return value
                }
            }
            throw CancellationError()
        }
    }
}
