// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines
internal import SwarmCore

extension Target {
    /// The managers of a cluster that can be reached, in the order of the store.
    package var managers: [MachineRecord] {
        switch self {
        case .cluster(_, let machines): machines.filter { $0.role == .manager && $0.address != nil }
        case .machine: []
        }
    }

    /// The same with another machine in front, which ``mainMachine`` is then.
    package func preferring(_ machine: MachineRecord) -> Target {
        switch self {
        case .cluster(let cluster, let machines):
            .cluster(cluster, machines: [machine] + machines.filter { $0.name != machine.name })
        case .machine: self
        }
    }

    /// The endpoints that all lead to the same: one for each manager of a cluster.
    package var knownURLs: [String] {
        let managers = managers
        return managers.isEmpty ? [knownURL].compactMap(\.self) : managers.compactMap { preferring($0).knownURL }
    }
}

extension CommandContext {
    /// How long a manager has to show that it lives.
    private static let patience = Duration.seconds(3)

    /// The cluster with a manager in front that answers; unchanged when there is only one, or none answers.
    ///
    /// The one that leads comes first, then those that pass on to it, each in the order of the store.
    func living(_ target: Target) async -> Target {
        let managers = target.managers
        guard managers.count > 1 else {
            return target
        }
        let roles = await inParallel(managers) { await role(of: $0, in: target) }
        let answers = zip(managers, roles).filter { $0.1 != nil }
        let best = answers.first { $0.1 == "primary" } ?? answers.first
        return best.map { target.preferring($0.0) } ?? target
    }

    private func role(of manager: MachineRecord, in target: Target) async -> String? {
        do {
            let endpoint = try engineTarget(of: target.preferring(manager))
            let info = try await engines.json("/info", at: endpoint, deadline: .after(Self.patience))
            return ClusterHealth(info: info).role
        } catch {
            return nil
        }
    }
}
