// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ClusterLifecycle
internal import Foundation
internal import Machines
internal import SwarmCore

/// Takes machines of a docker-machine store into one of ours.
///
/// All hosts of a docker-machine store share one authority and one client certificate. In our store they
/// make up the cluster ``MachineStore/adoptedCluster``, which has no manager; each machine keeps its own
/// key for SSH. Their hosts are not touched. Run again, it takes what is new.
struct MachineAdoption {
    /// What became of one machine.
    struct Outcome: Equatable {
        var machine: String
        /// What the user is to know of it; empty when all went without saying.
        var notes: [String]
    }

    let context: CommandContext
    /// The store of docker-machine, absolute.
    let source: String

    /// Imports all machines, or those named.
    ///
    /// - Throws: `MachineError.unknownMachine` for a name that is not there, `MachineError.nameTaken` for one
    ///   that our store has already, ``OperatorError/missingCertificates(folder:)``.
    func run(_ names: [String]) throws -> [Outcome] {
        let known = Self.machines(in: source)
        for name in names where !known.contains(name) {
            throw MachineError.unknownMachine(name: name, known: known)
        }
        let wanted = names.isEmpty ? known : names
        let taken = try wanted.filter { try isTaken($0) }
        if let name = taken.first {
            throw MachineError.nameTaken(kind: "machine", name: name, by: "it is in this store and not from there")
        }
        let new = wanted.filter { !context.store.hasMachine($0) }
        guard !new.isEmpty else {
            return []
        }
        try importCertificates()
        return try new.map(importMachine)
    }

    /// The names of the machines in a store of docker-machine, sorted.
    static func machines(in folder: String) -> [String] {
        AtomicFile.names(in: "\(folder)/machines")
            .filter { !$0.hasPrefix(".") && AtomicFile.exists("\(folder)/machines/\($0)/config.json") }
            .sorted(by: naturallyPrecedes)
    }

    private func isTaken(_ name: String) throws -> Bool {
        guard context.store.hasMachine(name) else {
            return context.store.hasCluster(name)
        }
        return try context.store.machine(name).cluster != MachineStore.adoptedCluster
    }

    /// The key last: with it there, the four are whole.
    private func importCertificates() throws {
        let folder = context.store.pkiFolder(of: MachineStore.adoptedCluster)
        let certificates = "\(source)/certs"
        guard AtomicFile.exists("\(certificates)/ca.pem"), AtomicFile.exists("\(certificates)/key.pem") else {
            throw OperatorError.missingCertificates(folder: certificates)
        }
        let authority = try AtomicFile.read("\(certificates)/ca.pem")
        if AtomicFile.exists("\(folder)/ca.pem"), try AtomicFile.read("\(folder)/ca.pem") != authority {
            throw MachineError.nameTaken(
                kind: "cluster",
                name: MachineStore.adoptedCluster,
                by: "it holds machines of another docker-machine store; give another one with --store"
            )
        }
        try AtomicFile.makeFolder(folder)
        for file in ["ca.pem", "cert.pem", "ca-key.pem", "key.pem"] where AtomicFile.exists("\(certificates)/\(file)") {
            let mode: UInt32 = file.hasSuffix("key.pem") ? 0o600 : 0o644
            try AtomicFile.write(try AtomicFile.read("\(certificates)/\(file)"), to: "\(folder)/\(file)", mode: mode)
        }
        var spec = ClusterSpec(name: MachineStore.adoptedCluster, driver: "generic")
        spec.keyType = "rsa2048"
        _ = try context.store.ensureCluster(
            ClusterRecord(id: UUID().uuidString.lowercased(), spec: spec, createdAt: context.now())
        )
    }

    private func importMachine(_ name: String) throws -> Outcome {
        let folder = "\(source)/machines/\(name)"
        let path = "\(folder)/config.json"
        if let problem = ObjectName.problem(with: name) {
            throw MachineError.badName(kind: "machine", name: name, problem: problem)
        }
        let file = try MachineConfiguration(parsing: try AtomicFile.read(path), path: path)
        var record = try file.record(
            name: name,
            id: UUID().uuidString.lowercased(),
            cluster: MachineStore.adoptedCluster,
            drivers: context.drivers,
            now: context.now()
        )
        var notes: [String] = []
        if record.driver != file.driverName {
            notes.append(
                "it was made by the driver \(file.driverName), which is not asked any more: "
                    + "start and stop it there, or with docker-machine"
            )
        }
        if let key = try key(of: file, in: folder) {
            try AtomicFile.makeFolder(context.store.machineFolder(name))
            try AtomicFile.write(key, to: context.store.machineFolder(name) + "/id_rsa")
            record.state["ssh-key"] = "machines/\(name)/id_rsa"
        } else if record.ssh != nil {
            notes.append("it has no key of its own: your SSH agent and default keys are used")
        }
        if file.json["HostOptions"]["SwarmOptions"]["IsSwarm"] == .boolean(true) {
            notes.append("its containers of classic swarm stay as they are")
        }
        try context.store.save(record)
        return Outcome(machine: name, notes: notes)
    }

    /// The machine's private key: where the file says, or, in a store that was moved, in its folder.
    private func key(of file: MachineConfiguration, in folder: String) throws -> [UInt8]? {
        let places = [file.sshKeyPath, "\(folder)/id_rsa"].compactMap(\.self)
        return try places.first(where: AtomicFile.exists).map { try AtomicFile.read($0, limit: 1 << 20) }
    }
}
