// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines
package import SecureShell

/// What a create will do, machine by machine; made from the wish and from what the store knows.
package struct ClusterPlan: Sendable, Equatable {
    /// What happens to one machine.
    package enum Action: Sendable, Equatable {
        /// Nothing is known of it: the driver makes it.
        case create
        /// A host that is there is taken into the cluster.
        case adopt
        /// An earlier create stopped after this phase.
        case resume(after: MachinePhase)
        /// All was done; each step is looked at again and changes what differs.
        case check
        /// It is no longer wanted.
        case remove
    }

    /// One machine's part.
    package struct Item: Sendable, Equatable {
        package var machine: String
        package var role: MachineRole
        package var action: Action
        /// Where it is, when that is given by the user.
        package var host: SSHAddress?

        package init(machine: String, role: MachineRole, action: Action, host: SSHAddress?) {
            self.machine = machine
            self.role = role
            self.action = action
            self.host = host
        }
    }

    package var spec: ClusterSpec
    package var isNewCluster: Bool
    /// In natural order of the names, removals last.
    package var items: [Item]

    /// Whether anything is made or removed; false when all machines are only looked at again.
    package var changesHosts: Bool {
        isNewCluster || items.contains { $0.action != .check }
    }

    /// Makes the plan.
    ///
    /// - Parameters:
    ///   - spec: what is wanted.
    ///   - existing: the cluster's record; `nil` when there is none.
    ///   - machines: all machines of the store, of whatever cluster.
    /// - Throws: ``LifecycleError`` when the wish cannot be met, `MachineError` for a name that cannot be used.
    package init(spec: ClusterSpec, existing: ClusterRecord?, machines: [MachineRecord]) throws {
        try spec.validate()
        if let existing, existing.spec.driver != spec.driver {
            throw LifecycleError.driverDiffers(
                cluster: spec.name,
                existing: existing.spec.driver,
                wanted: spec.driver
            )
        }
        self.spec = spec
        isNewCluster = existing == nil
        let own = machines.filter { $0.cluster == spec.name }
        let kept = spec.hosts.isEmpty ? Self.keptByCount(spec, own) : Self.keptByHost(spec, own)
        items = []
        for (index, wanted) in kept.enumerated() {
            let role: MachineRole = index < spec.managers ? .manager : .worker
            items.append(Self.item(for: wanted, role: role))
        }
        for item in items where item.action == .create || item.action == .adopt {
            if let other = machines.first(where: { $0.name == item.machine }) {
                throw LifecycleError.machineElsewhere(machine: item.machine, cluster: other.cluster)
            }
        }
        let names = Set(items.map(\.machine))
        items += own.filter { !names.contains($0.name) }.map {
            Item(machine: $0.name, role: $0.role, action: .remove, host: $0.ssh)
        }
    }

    /// The plan in words, for `--dry-run` and before the question.
    package var lines: [String] {
        let head = isNewCluster ? "Cluster \(spec.name) will be created:" : "Cluster \(spec.name) exists:"
        let width = items.map(\.machine.count).max() ?? 0
        return [head]
            + items.map { item in
                let name = item.machine + String(repeating: " ", count: width - item.machine.count)
                let role = item.role == .manager ? "manager" : "worker "
                return "  \(name)  \(role)  \(Self.words(for: item, driver: spec.driver))"
            }
    }

    private static func words(for item: Item, driver: String) -> String {
        switch item.action {
        case .create: "create with the driver \(driver)"
        case .adopt: "adopt \(item.host.map(\.description) ?? "the host")"
        case .resume(let phase): "continue after \"\(phase.rawValue)\""
        case .check: "look at each step again"
        case .remove: "remove"
        }
    }

    /// A machine that the plan keeps or makes.
    private struct Wanted {
        var name: String
        var record: MachineRecord?
        var host: SSHAddress?
    }

    private static func item(for wanted: Wanted, role: MachineRole) -> Item {
        let action: Action
        switch wanted.record?.phase {
        case nil: action = wanted.host == nil ? .create : .adopt
        case .registered where wanted.record?.lastError == nil: action = .check
        case let phase?: action = .resume(after: phase)
        }
        return Item(machine: wanted.name, role: role, action: action, host: wanted.host ?? wanted.record?.ssh)
    }

    /// Keeps machines that exist, managers first, and fills up with the lowest free numbers.
    ///
    /// A create that was killed may have noted the second machine and not the first: the order of the rest is that
    /// of the names, so that it goes on with the same managers.
    private static func keptByCount(_ spec: ClusterSpec, _ own: [MachineRecord]) -> [Wanted] {
        func precedes(_ left: Wanted, _ right: Wanted) -> Bool {
            let (isLeft, isRight) = (left.record?.role == .manager, right.record?.role == .manager)
            return isLeft == isRight ? naturallyPrecedes(left.name, right.name) : isLeft
        }
        let existing = own.map { Wanted(name: $0.name, record: $0, host: nil) }.sorted(by: precedes)
        var kept = Array(existing.prefix(spec.nodes))
        var names = freeNames(spec.name, taken: Set(own.map(\.name)))
        while kept.count < spec.nodes {
            kept.append(Wanted(name: names.next(), record: nil, host: nil))
        }
        return kept.sorted(by: precedes)
    }

    /// Finds each host's machine by its address, whatever the order of the hosts now.
    private static func keptByHost(_ spec: ClusterSpec, _ own: [MachineRecord]) -> [Wanted] {
        var names = freeNames(spec.name, taken: Set(own.map(\.name)))
        return spec.hosts.map { host in
            let record = own.first { $0.ssh?.host == host.host && ($0.ssh?.port ?? 22) == (host.port ?? 22) }
            return Wanted(name: record?.name ?? names.next(), record: record, host: host)
        }
    }

    private static func freeNames(_ cluster: String, taken: Set<String>) -> FreeNames {
        FreeNames(cluster: cluster, taken: taken)
    }

    /// `CLUSTER-1`, `CLUSTER-2` and so on, without those that are taken.
    private struct FreeNames {
        let cluster: String
        let taken: Set<String>
        var number = 0

        mutating func next() -> String {
            repeat {
                number += 1
            } while taken.contains("\(cluster)-\(number)")
            return "\(cluster)-\(number)"
        }
    }
}
