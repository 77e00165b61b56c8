// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import SwarmCore

/// The store on disk: what clusters and machines there are, and their keys.
///
/// ```text
/// ROOT/clusters/NAME/cluster.json  pki/  ssh/  known_hosts  lock
/// ROOT/machines/NAME/machine.json  lock
/// ```
///
/// Files are replaced whole, under the cluster's lock, which is held only while writing; several
/// runs of swarmctl may use one store at the same time. Nothing in it names an absolute path.
package struct MachineStore: Sendable {
    /// The cluster of machines made without one; it has a certificate authority and no manager.
    package static let implicitCluster = "default"
    /// The cluster of machines taken over from docker-machine; it has their certificate authority and no manager.
    package static let adoptedCluster = "docker-machine"

    /// Whether `cluster` only holds certificates for machines that belong to no cluster of the user's.
    package static func isImplicit(_ cluster: String) -> Bool {
        cluster == implicitCluster || cluster == adoptedCluster
    }

    package let root: String

    /// - Parameter root: the folder; it need not exist.
    package init(root: String) {
        self.root = root
    }

    // MARK: Paths

    package func clusterFolder(_ name: String) -> String { "\(root)/clusters/\(name)" }
    package func machineFolder(_ name: String) -> String { "\(root)/machines/\(name)" }
    /// The certificate authority and the operator's certificate: the folder for `DOCKER_CERT_PATH`.
    package func pkiFolder(of cluster: String) -> String { clusterFolder(cluster) + "/pki" }
    package func knownHosts(of cluster: String) -> String { clusterFolder(cluster) + "/known_hosts" }
    /// The private key with which we log in on hosts that we made; `.pub` beside it.
    package func sshKey(of cluster: String) -> String { clusterFolder(cluster) + "/ssh/id_ed25519" }

    // MARK: Clusters

    /// All clusters, sorted by name; the implicit one too when it exists.
    package func clusterNames() -> [String] { names(in: "\(root)/clusters", having: "cluster.json") }

    /// Reads one cluster.
    ///
    /// - Throws: ``MachineError/unknownCluster(name:known:)``, ``MachineError/damagedRecord(path:problem:)``,
    ///   ``MachineError/recordFromTheFuture(path:version:)`` or `FileError`.
    package func cluster(_ name: String) throws -> ClusterRecord {
        guard ObjectName.problem(with: name) == nil, let record: ClusterRecord = try read(clusterFile(name)) else {
            throw MachineError.unknownCluster(name: name, known: userClusterNames())
        }
        return record
    }

    /// The cluster called `name`, or the only one there is when `name` is `nil`.
    package func clusterOrOnly(_ name: String?) throws -> ClusterRecord {
        if let name {
            return try cluster(name)
        }
        let names = userClusterNames()
        switch names.count {
        case 0: throw MachineError.noCluster
        case 1: return try cluster(names[0])
        default: throw MachineError.severalClusters(names: names)
        }
    }

    /// Whether there is a record of the cluster.
    package func hasCluster(_ name: String) -> Bool { AtomicFile.exists(clusterFile(name)) }

    /// Writes `record`, making its folder when it is new.
    package func save(_ record: ClusterRecord) throws {
        try AtomicFile.makeFolder(clusterFolder(record.name))
        let lock = try FileLock(path: clusterFolder(record.name) + "/lock")
        try AtomicFile.write(try encode(record), to: clusterFile(record.name))
        _ = consume lock
    }

    /// Reads, changes and writes the record in one step, so that no other run's change is lost.
    ///
    /// - Returns: the record as written.
    @discardableResult
    package func updateCluster(_ name: String, _ change: (inout ClusterRecord) throws -> Void) throws -> ClusterRecord {
        guard hasCluster(name) else {
            throw MachineError.unknownCluster(name: name, known: userClusterNames())
        }
        let lock = try FileLock(path: clusterFolder(name) + "/lock")
        var record = try cluster(name)
        try change(&record)
        try AtomicFile.write(try encode(record), to: clusterFile(name))
        _ = consume lock
        return record
    }

    /// Writes `record` unless there is one already; either way, returns what is on disk.
    package func ensureCluster(_ record: ClusterRecord) throws -> ClusterRecord {
        try AtomicFile.makeFolder(clusterFolder(record.name))
        let lock = try FileLock(path: clusterFolder(record.name) + "/lock")
        let existing: ClusterRecord? = try read(clusterFile(record.name))
        if existing == nil {
            try AtomicFile.write(try encode(record), to: clusterFile(record.name))
        }
        _ = consume lock
        return existing ?? record
    }

    /// Forgets the cluster and destroys its keys.
    ///
    /// Nothing there is no error.
    package func removeCluster(_ name: String) throws { try removeFolder(clusterFolder(name), first: "cluster.json") }

    /// The clusters a user made: all but the implicit one.
    package func userClusterNames() -> [String] { clusterNames().filter { !Self.isImplicit($0) } }

    // MARK: Machines

    /// All machines, sorted by name.
    package func machineNames() -> [String] { names(in: "\(root)/machines", having: "machine.json") }

    /// Reads one machine.
    ///
    /// - Throws: ``MachineError/unknownMachine(name:known:)``, ``MachineError/damagedRecord(path:problem:)``,
    ///   ``MachineError/recordFromTheFuture(path:version:)`` or `FileError`.
    package func machine(_ name: String) throws -> MachineRecord {
        guard ObjectName.problem(with: name) == nil, let record: MachineRecord = try read(machineFile(name)) else {
            throw MachineError.unknownMachine(name: name, known: machineNames())
        }
        return record
    }

    /// Whether there is a record of the machine.
    package func hasMachine(_ name: String) -> Bool { AtomicFile.exists(machineFile(name)) }

    /// The machines of a cluster, in natural order of their names (`lab-2` before `lab-10`).
    package func machines(of cluster: String) throws -> [MachineRecord] {
        try machineNames()
            .map(machine)
            .filter { $0.cluster == cluster }
            .sorted { naturallyPrecedes($0.name, $1.name) }
    }

    /// Writes `record`, making its folder when it is new.
    package func save(_ record: MachineRecord) throws {
        try AtomicFile.makeFolder(machineFolder(record.name))
        try AtomicFile.makeFolder(clusterFolder(record.cluster))
        let lock = try FileLock(path: clusterFolder(record.cluster) + "/lock")
        try AtomicFile.write(try encode(record), to: machineFile(record.name))
        _ = consume lock
    }

    /// Forgets the machine.
    ///
    /// Nothing there is no error.
    package func removeMachine(_ name: String) throws { try removeFolder(machineFolder(name), first: "machine.json") }

    /// Keeps other runs of swarmctl off this machine while the returned value lives.
    ///
    /// - Throws: ``MachineError/inUse(kind:name:)`` when another run has it.
    package func use(machine name: String) throws -> ExclusiveUse {
        try AtomicFile.makeFolder(machineFolder(name))
        guard let use = try ExclusiveUse(path: machineFolder(name) + "/lock") else {
            throw MachineError.inUse(kind: "machine", name: name)
        }
        return use
    }

    /// Keeps other runs of swarmctl from changing this cluster while the returned value lives.
    ///
    /// - Throws: ``MachineError/inUse(kind:name:)`` when another run has it.
    package func use(cluster name: String) throws -> ExclusiveUse {
        try AtomicFile.makeFolder(clusterFolder(name))
        guard let use = try ExclusiveUse(path: clusterFolder(name) + "/operation.lock") else {
            throw MachineError.inUse(kind: "cluster", name: name)
        }
        return use
    }

    // MARK: Files

    private func clusterFile(_ name: String) -> String { clusterFolder(name) + "/cluster.json" }
    private func machineFile(_ name: String) -> String { machineFolder(name) + "/machine.json" }

    private func names(in folder: String, having file: String) -> [String] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return
            entries
            .filter { ObjectName.problem(with: $0) == nil && AtomicFile.exists("\(folder)/\($0)/\(file)") }
            .sorted(by: naturallyPrecedes)
    }

    private func encode(_ record: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(record)) + [UInt8(ascii: "\n")]
    }

    private func read<Record: VersionedRecord>(_ path: String) throws -> Record? {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try AtomicFile.read(path)
        } catch {
            guard error.kind == .notFound else {
                throw error
            }
            return nil
        }
        do {
            let version = try JSONDecoder().decode(RecordVersion.self, from: Data(bytes)).version
            guard version <= Record.currentVersion else {
                throw MachineError.recordFromTheFuture(path: path, version: version)
            }
            return try JSONDecoder().decode(Record.self, from: Data(bytes))
        } catch let error as DecodingError {
            throw MachineError.damagedRecord(path: path, problem: Self.words(for: error))
        }
    }

    private static func words(for error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "\"\(key.stringValue)\" is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "it is not JSON"
                : "\"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" is not as expected"
        @unknown default: "\(error)"
        }
    }

    /// Removes `first` before the rest, so that a folder half removed counts as gone.
    private func removeFolder(_ folder: String, first: String) throws {
        let files = FileManager.default
        for path in ["\(folder)/\(first)", folder] where files.fileExists(atPath: path) {
            do {
                try files.removeItem(atPath: path)
            } catch CocoaError.fileNoSuchFile {
                continue
            }
        }
    }
}

/// A record whose file says which format it has.
private protocol VersionedRecord: Decodable {
    static var currentVersion: Int { get }
}

extension ClusterRecord: VersionedRecord {}
extension MachineRecord: VersionedRecord {}

private struct RecordVersion: Decodable {
    var version: Int
}

/// Whether `left` comes before `right` when runs of digits count as numbers.
package func naturallyPrecedes(_ left: String, _ right: String) -> Bool {
    left.compare(right, options: [.numeric, .caseInsensitive]) == .orderedAscending
}
