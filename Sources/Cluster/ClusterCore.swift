// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
package import Scheduling

/// The state of the cluster and all changes to it: a value without clocks, tasks and connections.
///
/// `placements` is kept beside the nodes of the snapshot, in the same order, and is changed in
/// place: choosing a node reads it alone, and no reader of a snapshot ever makes it be copied.
package struct ClusterCore: Sendable {
    package private(set) var snapshot: ClusterSnapshot
    let scheduler: Scheduler
    package var placements: [NodeSnapshot] = []
    var directory = ContainerDirectory()
    var reservations: [UInt64: HeldPlace] = [:]
    /// Names that are reserved or being given, by how many requests.
    var heldNames: [String: String] = [:]
    /// The tokens of reservations whose container exists and has not been read.
    var committed: [String: UInt64] = [:]
    /// Of nodes that are not active, also of those that are no members now.
    private(set) var availabilities: [String: NodeAvailability] = [:]
    private var positions: [String: Int] = [:]
    private var reads: [String: ReadOrder] = [:]
    private var counter: UInt64 = 0

    package init(scheduler: Scheduler) {
        self.scheduler = scheduler
        snapshot = ClusterSnapshot(
            strategyName: scheduler.strategy.name,
            filterNames: scheduler.filters.map(\.name),
            overcommit: scheduler.overcommit
        )
    }

    // MARK: Nodes

    func position(of address: String) -> Int? { positions[address] }

    package func node(at address: String) -> NodeState? { positions[address].map { snapshot.nodes[$0] } }

    /// Makes the member list equal to `addresses`.
    ///
    /// - Returns: the addresses that are new, and those that are gone.
    package mutating func setMembers(_ addresses: [String], now: Double) -> (added: [String], removed: [String]) {
        let wanted = Set(addresses)
        let removed = snapshot.nodes.map(\.address).filter { !wanted.contains($0) }
        var added: [String] = []
        for address in addresses where positions[address] == nil && !added.contains(address) {
            added.append(address)
        }
        snapshot.discovery = .fresh
        guard !added.isEmpty || !removed.isEmpty else {
            return ([], [])
        }
        for address in removed {
            drop(address)
        }
        for address in added {
            let fields = NodeFields(address: address, name: address, since: now)
            snapshot.nodes.append(NodeState(fields))
            placements.append(NodeSnapshot(address: address, name: address, problem: NodeStatus.pending.rawValue))
            reads[address] = ReadOrder()
        }
        sort()
        for address in added {
            setAvailability(availabilities[address] ?? .active, of: address)
        }
        return (added, removed)
    }

    /// Sets what may be placed on a node; an address that is no member is remembered for when it is one.
    mutating func setAvailability(_ availability: NodeAvailability, of address: String) {
        availabilities[address] = availability == .active ? nil : availability
        update(address) { fields, placement in
            fields.availability = availability
            placement.isCordoned = availability != .active
        }
    }

    /// Notes that discovery fails; the first failure keeps its time.
    mutating func setDiscoveryStale(_ reason: String, now: Double) {
        if case .stale(_, let since) = snapshot.discovery {
            snapshot.discovery = .stale(reason: reason, since: since)
        } else {
            snapshot.discovery = .stale(reason: reason, since: now)
        }
    }

    private mutating func drop(_ address: String) {
        guard let position = positions[address] else {
            return
        }
        for container in snapshot.nodes[position].containers.values {
            directory.remove(.init(address: address, id: container.id), names: container.summary.names)
        }
        snapshot.nodes.remove(at: position)
        placements.remove(at: position)
        reads[address] = nil
        index()
    }

    /// Changes a node; does nothing when it is gone.
    mutating func update(_ address: String, _ change: (inout NodeFields, inout NodeSnapshot) -> Void) {
        guard let position = positions[address] else {
            return
        }
        var fields = snapshot.nodes[position].copy
        change(&fields, &placements[position])
        fields.reserved = placements[position].reserved
        snapshot.nodes[position] = NodeState(fields)
    }

    /// The engine has said who it is: takes name, capacity and labels.
    package mutating func describe(_ address: String, info: EngineInfo, version: EngineVersion) {
        guard node(at: address) != nil else {
            return
        }
        let name = uniqueName(info.name, for: address)
        update(address) { fields, placement in
            fields.info = info
            fields.version = version
            fields.name = name
            fields.capacity = Resources(nanoCPUs: Int64(info.cpus) * 1_000_000_000, memory: info.memory)
            placement.name = name
            placement.id = info.id
            placement.capacity = fields.capacity
            placement.labels = Self.labels(of: info)
        }
        warnOfDuplicateIDs()
        sort()
    }

    /// Sets the status with its reason; the time changes only when one of them does.
    package mutating func setStatus(_ status: NodeStatus, reason: String?, of address: String, now: Double) {
        update(address) { fields, placement in
            if fields.status != status || fields.reason != reason {
                fields.since = now
            }
            fields.status = status
            fields.reason = reason
            if status == .healthy {
                fields.updatedAt = now
            }
            let problem = reason.map { "\(status.rawValue): \($0)" } ?? status.rawValue
            placement.problem = status == .healthy ? nil : problem
        }
    }

    private func uniqueName(_ name: String, for address: String) -> String {
        guard !name.isEmpty else {
            return address
        }
        let isTaken = snapshot.nodes.contains { $0.name == name && $0.address != address }
        // Without a colon: `docker cp NODE/NAME:PATH` splits at the first one.
        return isTaken ? "\(name)-\(String(address.map { $0 == ":" ? "-" : $0 }))" : name
    }

    private mutating func warnOfDuplicateIDs() {
        var holders: [String: [String]] = [:]
        for node in snapshot.nodes where !node.engineID.isEmpty {
            holders[node.engineID, default: []].append(node.address)
        }
        for node in snapshot.nodes {
            let others = (holders[node.engineID] ?? []).filter { $0 != node.address }.sorted()
            let warning =
                others.isEmpty
                ? nil
                : "the engine id \(node.engineID) is also that of \(others.joined(separator: ", ")): "
                    + "remove /etc/docker/key.json and /var/lib/docker/engine-id on one of them and restart its engine"
            if node.warning != warning {
                update(node.address) { fields, _ in fields.warning = warning }
            }
        }
    }

    private static func labels(of info: EngineInfo) -> [String: String] {
        let facts = [
            "storagedriver": info.storageDriver, "executiondriver": info.executionDriver,
            "kernelversion": info.kernelVersion, "operatingsystem": info.operatingSystem, "ostype": info.osType,
            "architecture": info.architecture,
        ]
        return info.labels.merging(facts) { _, fact in fact }
    }

    private mutating func sort() {
        let order = snapshot.nodes.indices.sorted {
            (snapshot.nodes[$0].name, snapshot.nodes[$0].address) < (
                snapshot.nodes[$1].name, snapshot.nodes[$1].address
            )
        }
        snapshot.nodes = order.map { snapshot.nodes[$0] }
        placements = order.map { placements[$0] }
        index()
    }

    private mutating func index() {
        positions = [:]
        for (position, node) in snapshot.nodes.enumerated() {
            positions[node.address] = position
        }
    }

    // MARK: The order of reads

    /// Numbers a read of an engine's state, before it is sent.
    package mutating func beginRead() -> UInt64 {
        counter += 1
        return counter
    }

    /// Whether what read `number` says about an object may be applied: nothing newer was.
    mutating func isNews(_ number: UInt64, about id: String, on address: String) -> Bool {
        reads[address]?.isNews(number, about: id) ?? false
    }

    /// Forgets objects that are gone, after a full list.
    mutating func forgetReads(before number: UInt64, on address: String, keeping ids: Set<String>) {
        reads[address]?.forget(before: number, keeping: ids)
    }
}

/// Which read last decided about each object of a node.
///
/// Reads overlap: a full list that was asked for before a container was made must not remove it
/// when the answer comes late. So what was asked for later wins, whenever its answer came.
private struct ReadOrder: Sendable {
    private var last: [String: UInt64] = [:]

    mutating func isNews(_ number: UInt64, about id: String) -> Bool {
        guard number >= last[id] ?? 0 else {
            return false
        }
        last[id] = number
        return true
    }

    mutating func forget(before number: UInt64, keeping ids: Set<String>) {
        last = last.filter { $0.value >= number || ids.contains($0.key) }
    }
}
