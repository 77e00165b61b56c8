// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines
internal import SwarmCore

/// What a name on the command line means: a cluster with its machines, or one machine.
package enum Target: Sendable {
    case cluster(ClusterRecord, machines: [MachineRecord])
    case machine(MachineRecord)

    package var name: String {
        switch self {
        case .cluster(let cluster, _): cluster.name
        case .machine(let machine): machine.name
        }
    }

    /// `cluster` or `machine`.
    package var kind: String {
        switch self {
        case .cluster: "cluster"
        case .machine: "machine"
        }
    }

    /// The cluster whose certificates are used.
    package var clusterName: String {
        switch self {
        case .cluster(let cluster, _): cluster.name
        case .machine(let machine): machine.cluster
        }
    }

    /// The machine itself, or all machines of the cluster.
    package var machines: [MachineRecord] {
        switch self {
        case .cluster(_, let machines): machines
        case .machine(let machine): [machine]
        }
    }

    /// The machine that is meant when one is needed: itself, or the first manager of the cluster.
    package var mainMachine: MachineRecord? {
        switch self {
        case .cluster(_, let machines): machines.first { $0.role == .manager }
        case .machine(let machine): machine
        }
    }

    /// The value for `DOCKER_HOST`: the manager's endpoint, or the machine's engine.
    ///
    /// - Throws: ``OperatorError/noManager(cluster:)`` or ``OperatorError/noAddress(kind:name:)``.
    package func url() throws -> String {
        guard let machine = mainMachine else {
            throw OperatorError.noManager(cluster: name)
        }
        guard let url = knownURL else {
            throw OperatorError.noAddress(kind: "machine", name: machine.name)
        }
        return url
    }

    /// ``url()``, or `nil` when it is not known.
    package var knownURL: String? {
        switch self {
        case .cluster(let cluster, _):
            mainMachine?.address.map { "tcp://\($0.contains(":") ? "[\($0)]" : $0):\(cluster.spec.managerPort)" }
        case .machine(let machine): machine.engineURL
        }
    }

    /// The address without a port.
    ///
    /// - Throws: as ``url()``.
    package func address() throws -> String {
        guard let machine = mainMachine else {
            throw OperatorError.noManager(cluster: name)
        }
        guard let address = machine.address else {
            throw OperatorError.noAddress(kind: "machine", name: machine.name)
        }
        return address
    }
}

extension MachineStore {
    /// Finds what `name` means, or the only cluster there is when `name` is `nil`.
    ///
    /// A cluster comes before a machine of the same name.
    ///
    /// - Throws: ``OperatorError/unknownName(name:known:)``, or `MachineError` for an unreadable record and
    ///   for no name where there is not exactly one cluster.
    package func target(_ name: String?) throws -> Target {
        guard let name else {
            let cluster = try clusterOrOnly(nil)
            return .cluster(cluster, machines: try machines(of: cluster.name))
        }
        if ObjectName.problem(with: name) == nil {
            if !Self.isImplicit(name), hasCluster(name) {
                return .cluster(try cluster(name), machines: try machines(of: name))
            }
            if hasMachine(name) {
                return .machine(try machine(name))
            }
        }
        throw OperatorError.unknownName(name: name, known: userClusterNames() + machineNames())
    }

    /// Finds what each name means, each object once; the only cluster for no names.
    package func targets(_ names: [String]) throws -> [Target] {
        guard !names.isEmpty else {
            return [try target(nil)]
        }
        var seen: Set<String> = []
        return try names.filter { seen.insert($0).inserted }.map { try target($0) }
    }

    /// The one machine that `name` means; a cluster of one machine counts, and so does a cluster's only manager.
    ///
    /// - Throws: ``OperatorError/notOneMachine(name:machines:)``, and as ``target(_:)``.
    package func oneMachine(_ name: String?) throws -> MachineRecord {
        let target = try target(name)
        let managers = target.machines.filter { $0.role == .manager }
        if let only = target.machines.count == 1 ? target.machines.first : managers.count == 1 ? managers.first : nil {
            return only
        }
        throw OperatorError.notOneMachine(name: target.name, machines: target.machines.map(\.name))
    }
}
