// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import Machines
internal import PKI
internal import Provisioning
internal import SecureShell
internal import SwarmCore

/// The first half of a machine's way: from a wish to a host that is there and whose address is known.
///
/// Every step can be interrupted and made again: the record is on disk before anything is made, and
/// the provider's id before the next call.
struct HostCreation: Sendable {
    let context: LifecycleContext

    /// Makes or finds the host of `wanted`, and starts it when it is stopped.
    ///
    /// - Parameter wanted: the record as it shall be, should there be none yet.
    /// - Returns: the record on disk, phase ``MachinePhase/created`` or later.
    /// - Throws: the driver's error, which is also in the record.
    func bringUp(_ wanted: MachineRecord) async throws -> MachineRecord {
        var record = try existing(wanted) ?? wanted
        record.role = wanted.role
        try context.store.save(record)
        let driver = try context.driver(record.driver)
        context.progress.begin("create", of: record.name)
        do {
            if record.phase >= .created, try await !isThere(record, driver) {
                record.phase = .requested
                try context.store.save(record)
            }
            let made = record.phase < .created
            if made {
                try await make(&record, driver)
            } else if try await driver.state(of: context.driverMachine(record)) == .stopped {
                try await driver.start(context.driverMachine(record))
            }
            try await locate(&record, driver)
            context.progress.end(of: record.name, with: made ? .done : .unchanged)
            return record
        } catch {
            note(error, on: record)
            throw error
        }
    }

    /// Checks, before anything is made, that the machine can be.
    func preCreate(_ wanted: MachineRecord) async throws {
        let record = try existing(wanted) ?? wanted
        guard record.phase == .requested, record.state.isEmpty else {
            return
        }
        let driver = try context.driver(record.driver)
        try await driver.preCreate(try request(for: record, driver, hasKeys: false))
    }

    /// Keeps the reason of a failure in the record, and tells the person.
    func note(_ error: any Error, on record: MachineRecord) {
        let reason = ErrorReport(error).message
        if var stored = try? context.store.machine(record.name) {
            stored.lastError = reason
            // The error that is on its way already matters more than one of this write.
            try? context.store.save(stored)
        }
        context.progress.end(of: record.name, with: .failed(reason))
    }

    private func existing(_ wanted: MachineRecord) throws -> MachineRecord? {
        guard context.store.hasMachine(wanted.name) else {
            return nil
        }
        let record = try context.store.machine(wanted.name)
        guard record.cluster == wanted.cluster else {
            throw LifecycleError.machineElsewhere(machine: wanted.name, cluster: record.cluster)
        }
        return record
    }

    private func isThere(_ record: MachineRecord, _ driver: any MachineDriver) async throws -> Bool {
        try await driver.state(of: context.driverMachine(record)) != .notFound
    }

    private func make(_ record: inout MachineRecord, _ driver: any MachineDriver) async throws {
        let request = try request(for: record, driver)
        let store = context.store
        let name = record.name
        record.state = try await driver.create(request, state: record.state) { state in
            var stored = try store.machine(name)
            stored.state = state
            try store.save(stored)
        }
        try store.save(record)
    }

    /// Asks where the machine is, each time: addresses change.
    private func locate(_ record: inout MachineRecord, _ driver: any MachineDriver) async throws {
        let machine = try context.driverMachine(record)
        record.address = try await driver.address(of: machine)
        record.ssh = try await driver.sshAddress(of: machine)
        record.phase = max(record.phase, .created)
        let port = record.state["engine-port"] ?? record.options["generic-engine-port"]
        record.enginePort = port.flatMap { UInt16($0) }.map(Int.init) ?? record.enginePort
        if driver.makesHosts, record.ownKey == nil, let ssh = record.ssh {
            let key = try hostKey(for: record)
            let known = KnownHosts(path: context.store.knownHosts(of: record.cluster))
            let port = ssh.port ?? 22
            // An address may have been another machine's before: what counts is the key that we made.
            do {
                try known.pin(key.publicKey, host: ssh.host, port: port)
            } catch SSHError.hostKeyChanged {
                try known.remove(host: ssh.host, port: port)
                try known.pin(key.publicKey, host: ssh.host, port: port)
            }
        }
        try context.store.save(record)
    }

    /// What the driver is asked for.
    ///
    /// - Parameters:
    ///   - record: of the machine.
    ///   - driver: its driver.
    ///   - hasKeys: whether the machine's keys are in it, which are then made when they are missing; else they are
    ///     empty, so that a check that refuses has made nothing.
    /// - Returns: the request, with options resolved.
    /// - Throws: an option that cannot be resolved, a key that cannot be made or written.
    private func request(
        for record: MachineRecord,
        _ driver: any MachineDriver,
        hasKeys: Bool = true
    ) throws -> MachineRequest {
        MachineRequest(
            name: record.name,
            id: record.id,
            cluster: record.cluster,
            options: try context.options(record.options, of: driver),
            authorizedKey: hasKeys ? try clusterKey(record.cluster) : "",
            hostKey: hasKeys && driver.makesHosts
                ? try hostKey(for: record) : HostKey(privateKey: "", publicKey: ""),
            ports: [22, record.enginePort] + (record.role == .manager ? [ClusterSpec.managerPort] : []),
            allowFrom: context.store.hasCluster(record.cluster)
                ? try context.store.cluster(record.cluster).spec.allowFrom : []
        )
    }

    /// The public half of the cluster's key, which is made when it is missing.
    private func clusterKey(_ cluster: String) throws -> String {
        try keyPair(at: context.store.sshKey(of: cluster), comment: "swarmctl \(cluster)").publicKey
    }

    /// The host's key, kept beside the record so that a create that goes on puts the same one there.
    private func hostKey(for record: MachineRecord) throws -> HostKey {
        let path = context.store.machineFolder(record.name) + "/ssh_host_ed25519_key"
        return try keyPair(at: path, comment: record.name)
    }

    private func keyPair(at path: String, comment: String) throws -> HostKey {
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
        try AtomicFile.makeFolder(folder)
        let lock = try FileLock(path: folder + "/keys.lock")
        defer { lock.release() }
        if AtomicFile.exists(path), AtomicFile.exists(path + ".pub") {
            let publicKey = try AtomicFile.readText(path + ".pub").trimmingCharacters(in: .newlines)
            return HostKey(privateKey: try AtomicFile.readText(path), publicKey: publicKey)
        }
        let pair = try SSHKeyPair.generate(comment: comment)
        // The private half last: with it there, the pair is whole.
        try AtomicFile.write(pair.publicKey + "\n", to: path + ".pub", mode: 0o644)
        try AtomicFile.write(pair.privateKey, to: path)
        return HostKey(privateKey: String(decoding: pair.privateKey, as: UTF8.self), publicKey: pair.publicKey)
    }
}
