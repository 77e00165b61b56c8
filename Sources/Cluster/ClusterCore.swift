// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
package import Scheduling

/// The state of the cluster and all changes to it: a value without clocks, tasks and connections.
///
/// `placements` is kept beside the nodes of the snapshot and is changed in place: choosing a node reads
/// it alone, and no reader of a snapshot ever makes it be copied.
package struct ClusterCore: Sendable {
    package private(set) var snapshot: ClusterSnapshot
    let scheduler: Scheduler
    var placements: NodeTable
    var ties = TieBreaker()
    var directory = ContainerDirectory()
    /// By the id of a container, those that took its place, or that of one that did.
    var successors: [String: Set<ContainerDirectory.Place>] = [:]
    var reservations: [UInt64: HeldPlace] = [:]
    /// Names that are reserved or being given, by how many requests.
    var heldNames: [String: String] = [:]
    /// The tokens of reservations whose container exists and has not been read.
    var committed: [String: UInt64] = [:]
    /// Of nodes that are not active, also of those that are no members now.
    private(set) var availabilities: [String: NodeAvailability] = [:]
    /// The slots of nodes in `placements`, by address.
    private var slots: [String: Int] = [:]
    /// The addresses of the nodes with each engine id.
    private var engineIDs: [String: Set<String>] = [:]
    /// The addresses of the nodes with each certificate, by its serial number.
    private var certificates: [[UInt8]: Set<String>] = [:]
    /// How many healthy nodes speak each range of versions, and how many nodes have each image.
    private var versions: [APIVersionRange: Int] = [:]
    private var imageHolders: [String: Int] = [:]
    /// The names in lists of images that nodes have, by the lists; at most so many.
    var imageNames: [[JSON]: Set<String>] = [:]
    static let imageListLimit = 256
    private var reads: [String: ReadOrder] = [:]
    private var counter: UInt64 = 0

    package init(scheduler: Scheduler) {
        self.scheduler = scheduler
        placements = scheduler.makeTable()
        snapshot = ClusterSnapshot(
            strategyName: scheduler.strategy.name,
            filterNames: scheduler.filters.map(\.name),
            overcommit: scheduler.overcommit
        )
    }

    // MARK: Nodes

    func slot(of address: String) -> Int? { slots[address] }

    package func node(at address: String) -> NodeState? { position(of: address).map { snapshot.nodes[$0] } }

    /// What the scheduler sees of a node.
    package func placement(at address: String) -> NodeSnapshot? { slots[address].map { placements[$0] } }

    private func position(of address: String) -> Int? {
        slots[address].map { snapshot.nodes.position(name: placements[$0].name, address: address) }
    }

    /// Makes the member list equal to `addresses`.
    ///
    /// - Returns: the addresses that are new, and those that are gone.
    package mutating func setMembers(_ addresses: [String], now: Double) -> (added: [String], removed: [String]) {
        let wanted = Set(addresses)
        let removed = snapshot.nodes.map(\.address).filter { !wanted.contains($0) }
        var added: [String] = []
        var known = Set(slots.keys)
        for address in addresses where known.insert(address).inserted {
            added.append(address)
        }
        snapshot.discovery = .fresh
        for address in removed {
            drop(address)
        }
        for address in added {
            slots[address] = placements.insert(
                NodeSnapshot(address: address, name: address, problem: NodeStatus.pending.rawValue)
            )
            reads[address] = ReadOrder()
        }
        snapshot.nodes.insert(added.map { NodeState(NodeFields(address: $0, name: $0, since: now)) })
        for address in added {
            snapshot.names[address] = address
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
        guard let position = position(of: address), let slot = slots.removeValue(forKey: address) else {
            return
        }
        let node = snapshot.nodes.remove(at: position)
        snapshot.names[address] = nil
        noteVersions(from: node, to: nil)
        noteImages(from: node.images, to: [])
        for container in node.containers.values {
            directory.remove(.init(address: address, id: container.id), names: container.summary.names)
            noteLineage(of: container.id, on: address, from: container, to: nil)
        }
        placements.remove(slot)
        reads[address] = nil
        noteID(node.engineID, nil, of: address)
        notePeer(node.peer, nil, of: address)
    }

    /// Changes a node; does nothing when it is gone.
    mutating func update(_ address: String, _ change: (inout NodeFields, inout NodeSnapshot) -> Void) {
        guard let slot = slots[address], let position = position(of: address) else {
            return
        }
        var fields = snapshot.nodes[position].copy
        placements.update(slot) { change(&fields, &$0) }
        fields.reserved = placements[slot].reserved
        let node = NodeState(fields)
        noteVersions(from: snapshot.nodes[position], to: node)
        if fields.name == snapshot.nodes[position].name {
            snapshot.nodes[position] = node
        } else {
            snapshot.names[address] = fields.name
            snapshot.nodes.remove(at: position)
            snapshot.nodes.insert([node])
        }
    }

    /// Keeps what all healthy engines speak in step with a change of a node.
    private mutating func noteVersions(from old: NodeState, to new: NodeState?) {
        let before = old.status == .healthy ? old.version?.apiVersions : nil
        let after = new?.status == .healthy ? new?.version?.apiVersions : nil
        guard before != after else {
            return
        }
        for (range, change) in [(before, -1), (after, 1)] {
            if let range {
                let count = (versions[range] ?? 0) + change
                versions[range] = count > 0 ? count : nil
            }
        }
        snapshot.apiVersions = APIVersionRange.common(versions.keys)
    }

    /// Keeps the number of different images in step with a change of a node.
    mutating func noteImages(from old: [ImageSummary], to new: [ImageSummary]) {
        for image in new {
            imageHolders[image.id, default: 0] += 1
        }
        for image in old {
            let count = (imageHolders[image.id] ?? 0) - 1
            imageHolders[image.id] = count > 0 ? count : nil
        }
        snapshot.imageCount = imageHolders.count
    }

    /// The engine has said who it is: takes name, capacity and labels.
    ///
    /// - Parameters:
    ///   - address: of the node.
    ///   - info: and `version` are what it said.
    ///   - version: see `info`.
    ///   - peer: who it is by its certificate; `nil` without TLS.
    ///   - now: the time of day at which it said that, in seconds since 1970.
    package mutating func describe(
        _ address: String,
        info: EngineInfo,
        version: EngineVersion,
        peer: EnginePeer? = nil,
        now: Double = WallTime.now
    ) {
        guard let old = node(at: address) else {
            return
        }
        let name = uniqueName(info.name, for: address)
        update(address) { fields, placement in
            fields.info = info
            fields.version = version
            fields.clockOffset = info.raw["SystemTime"]?.string.flatMap { WallTime.parse($0) }.map { $0 - now } ?? 0
            fields.name = name
            // What an engine says is not trusted to be small enough for the product.
            let cpus = Int64(min(info.cpus, 1 << 20))
            fields.capacity = Resources(nanoCPUs: cpus * 1_000_000_000, memory: min(info.memory, 1 << 60))
            placement.name = name
            placement.id = info.id
            placement.capacity = fields.capacity
            placement.labels = Self.labels(of: info)
            placement.devices = NodeDevices(info: info.raw)
        }
        noteID(old.engineID, info.id, of: address)
        setPeer(peer, of: address)
    }

    /// Takes what the engine's certificate says, which may be a new one.
    mutating func setPeer(_ peer: EnginePeer?, of address: String) {
        guard let old = node(at: address), old.peer != peer else {
            return
        }
        notePeer(old.peer, peer, of: address)
        update(address) { fields, _ in fields.peer = peer }
    }

    private mutating func notePeer(_ old: EnginePeer?, _ new: EnginePeer?, of address: String) {
        if let old {
            certificates[old.serial]?.remove(address)
            if certificates[old.serial]?.isEmpty == true {
                certificates[old.serial] = nil
            }
        }
        if let new {
            certificates[new.serial, default: []].insert(address)
        }
    }

    /// The node that works and has the same certificate, where that stands for a host and not for addresses.
    package func twin(of address: String, _ peer: EnginePeer?) -> NodeState? {
        guard let peer, let holders = certificates[peer.serial] else {
            return nil
        }
        return holders.sorted().lazy.filter { $0 != address }.compactMap { node(at: $0) }.first { other in
            other.status == .healthy && (peer.isElsewhere || other.peer?.isElsewhere == true)
        }
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
        let isTaken = snapshot.nodes.named(name).contains { $0.address != address }
        // Without a colon: `docker cp NODE/NAME:PATH` splits at the first one.
        return isTaken ? "\(name)-\(String(address.map { $0 == ":" ? "-" : $0 }))" : name
    }

    /// Notes that an engine's id has changed, and warns of nodes that have the same one.
    private mutating func noteID(_ old: String, _ new: String?, of address: String) {
        if engineIDs[old]?.remove(address) != nil, engineIDs[old]?.isEmpty == true {
            engineIDs[old] = nil
        }
        if let new, !new.isEmpty {
            engineIDs[new, default: []].insert(address)
        }
        for id in Set([old, new ?? ""]) {
            let holders = (engineIDs[id] ?? []).sorted()
            for holder in holders {
                warn(of: id, on: holder, sharedWith: holders.filter { $0 != holder })
            }
        }
    }

    private mutating func warn(of id: String, on address: String, sharedWith others: [String]) {
        let warning =
            others.isEmpty
            ? nil
            : "the engine id \(id) is also that of \(others.joined(separator: ", ")): "
                + "remove /etc/docker/key.json and /var/lib/docker/engine-id on one of them and restart its engine"
        if node(at: address)?.warning != warning {
            update(address) { fields, _ in fields.warning = warning }
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
