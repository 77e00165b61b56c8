// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import Provisioning
internal import SwarmCore

/// What an upgrade did to a machine.
package struct EngineUpgrade: Sendable {
    package let machine: String
    /// A line for each package that was changed; empty when there was nothing newer.
    package let changes: Result<[String], any Error>
}

extension ClusterLifecycle {
    /// Gives the engines of machines newer packages.
    ///
    /// The machines of a cluster are upgraded one after the other, so that it goes on with all other nodes; when one
    /// fails, the rest of its cluster is left as it is. Machines of no cluster are upgraded side by side.
    ///
    /// - Parameters:
    ///   - names: of machines that are provisioned.
    ///   - version: of the engine, or the beginning of one; `nil` for the newest that the hosts' repositories have.
    /// - Returns: what was done to each machine that was tried.
    /// - Throws: what keeps all of it from beginning, and `CancellationError`.
    package func upgrade(_ names: [String], to version: String?) async throws -> [EngineUpgrade] {
        let records = try names.map(store.machine)
        var upgrades: [EngineUpgrade] = []
        for (name, machines) in Dictionary(grouping: records, by: \.cluster).sorted(by: { $0.key < $1.key }) {
            let cluster = try store.cluster(name)
            let isImplicit = MachineStore.isImplicit(name)
            let work = NodeProvisioning(
                context: context,
                cluster: cluster,
                authority: try identity(for: cluster),
                templates: try templates(),
                image: nil,
                members: isImplicit ? machines : try store.machines(of: name)
            )
            for group in isImplicit ? [machines] : machines.map({ [$0] }) {
                let results = await concurrently(group, limit: context.parallel) { machine in
                    try await work.upgrade(machine, to: version)
                }
                try Task.checkCancellation()
                upgrades += zip(group, results).map { EngineUpgrade(machine: $0.name, changes: $1) }
                if results.contains(where: { $0.userFacingFailure != nil }) {
                    break
                }
            }
        }
        return upgrades
    }
}
