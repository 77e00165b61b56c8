// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import SwarmCore

/// A local port that leads to a manager that answers, through SSH, whichever that is at the time.
struct FailoverTunnel {
    /// The time between two looks at the manager behind the port, and how long each may take.
    private static let lookInterval = Duration.seconds(2)
    private static let lookTime = Duration.seconds(5)
    /// The wait before all managers are tried again.
    private static let pause = Duration.seconds(1)

    let target: Target
    let remotePort: UInt16
    let context: CommandContext

    /// Keeps the port open until the task is cancelled, or no manager can be reached at its first opening.
    ///
    /// - Parameters:
    ///   - port: 0 for any free one.
    ///   - onOpen: called with the port, once.
    /// - Throws: why none of the managers is reached at first, or the port cannot be listened on.
    func run(port: UInt16, onOpen: @Sendable (UInt16) -> Void) async throws {
        var port = port
        var isOpen = false
        while true {
            var failure: any Error = OperatorError.noManager(cluster: target.name)
            for manager in await context.living(target).managers {
                do {
                    try await context.shells.withSession(to: manager) { session in
                        port = try await session.forwardPort(port, to: "127.0.0.1", port: remotePort)
                        if isOpen {
                            context.terminal.note("127.0.0.1:\(port) leads to \(manager.name) now")
                        } else {
                            onOpen(port)
                        }
                        isOpen = true
                        try await waitUntilLost(session, port: port)
                    }
                } catch {
                    try Task.checkCancellation()
                    failure = error
                }
            }
            guard isOpen else {
                throw failure
            }
            try await ContinuousClock().sleep(for: Self.pause)
        }
    }

    /// Returns or throws when the host, or the manager on it, does not answer any more.
    private func waitUntilLost(_ session: any ShellSession, port: UInt16) async throws {
        let manager = EngineTarget(
            url: "https://127.0.0.1:\(port)",
            certificates: context.store.pkiFolder(of: target.clusterName)
        )
        let engines = context.engines
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await session.waitUntilLost() }
            group.addTask {
                while true {
                    // Nobody tells when a manager ends behind a connection that stays.
                    try await ContinuousClock().sleep(for: Self.lookInterval)
                    _ = try await engines.get("/_ping", at: manager, deadline: .after(Self.lookTime))
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
