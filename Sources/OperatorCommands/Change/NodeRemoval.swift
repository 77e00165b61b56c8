// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ClusterLifecycle
internal import Machines
internal import SecureShell
internal import SwarmCore

/// Takes single machines out of their clusters, and away.
struct NodeRemoval {
    let force: Bool
    let purge: Bool
    let work: WorkOptions
    let context: CommandContext

    /// Refuses to take the last manager from a cluster that keeps other machines.
    ///
    /// - Throws: ``OperatorError/lastManager(cluster:machine:)``.
    static func check(_ machines: [MachineRecord], in store: MachineStore, force: Bool) throws {
        let names = Set(machines.map(\.name))
        for cluster in Set(machines.map(\.cluster)).sorted() where !MachineStore.isImplicit(cluster) && !force {
            let left = try store.machines(of: cluster).filter { !names.contains($0.name) }
            let lost = machines.first { $0.cluster == cluster && $0.role == .manager }
            if let lost, !left.contains(where: { $0.role == .manager }) {
                throw OperatorError.lastManager(cluster: cluster, machine: lost.name)
            }
        }
    }

    /// Removes `machines` and prints the name of each.
    ///
    /// The wish of their clusters follows only afterwards: interrupted before, the next create makes a
    /// machine again; the other way round it would remove another one.
    func remove(_ machines: [MachineRecord]) async throws {
        guard !machines.isEmpty else {
            return
        }
        let (force, purge) = (force, purge)
        let names = machines.map(\.name)
        let result: (any Error)?
        do {
            try await context.withLifecycle(work) { try await $0.remove(names, force: force, purge: purge) }
            result = nil
        } catch {
            result = error
        }
        let gone = machines.filter { !context.store.hasMachine($0.name) }
        for machine in gone {
            try forget(machine)
            context.terminal.output(machine.name)
        }
        if let result {
            throw result
        }
    }

    private func forget(_ machine: MachineRecord) throws {
        guard !MachineStore.isImplicit(machine.cluster), context.store.hasCluster(machine.cluster) else {
            return
        }
        try context.store.updateCluster(machine.cluster) { record in
            if machine.role == .manager {
                record.spec.managers = max(1, record.spec.managers - 1)
            }
            if record.spec.hosts.isEmpty {
                record.spec.nodes = max(0, record.spec.nodes - 1)
            } else {
                record.spec.hosts.removeAll { $0.host == machine.ssh?.host && $0.port ?? 22 == machine.ssh?.port ?? 22 }
            }
        }
    }
}
