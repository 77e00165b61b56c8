// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import Provisioning
internal import SecureShell
internal import SwarmCore

extension ClusterLifecycle {
    /// Removes machines: their hosts when we made them, what we put on them when we adopted them.
    ///
    /// - Parameters:
    ///   - names: machines that exist.
    ///   - force: whether a host that does not answer is forgotten all the same.
    ///   - purge: whether engines that we installed on adopted hosts go too.
    /// - Throws: ``PartialFailure`` with an error for each machine that is still there.
    package func remove(_ names: [String], force: Bool, purge: Bool) async throws {
        try await remove(names, leaving: true, force: force, purge: purge)
    }

    private func remove(_ names: [String], leaving: Bool, force: Bool, purge: Bool) async throws {
        let records = try names.map(store.machine)
        let results = await concurrently(records, limit: context.parallel) { record in
            try await remove(record, leaving: leaving, force: force, purge: purge)
        }
        try throwIfAny(results.compactMap(\.userFacingFailure), of: names.count)
    }

    /// Removes all machines of the cluster, then what is known of it, its keys too.
    package func removeCluster(_ name: String, force: Bool, purge: Bool) async throws {
        _ = try store.cluster(name)
        let use = try store.use(cluster: name)
        defer { withExtendedLifetime(use) {} }
        // Workers first: the manager answers until the end.
        let machines = try store.machines(of: name)
        for role in [MachineRole.worker, .manager] {
            let names = machines.filter { $0.role == role }.map(\.name)
            try await remove(names, leaving: false, force: force, purge: purge)
        }
        try store.removeCluster(name)
    }

    /// Gives an adopted host back as it was and keeps its record.
    ///
    /// - Returns: what was undone, a line each.
    package func uninstall(_ name: String, purge: Bool) async throws -> [String] {
        var record = try store.machine(name)
        let lines = try await undo(record, purge: purge)
        record.phase = .created
        try store.save(record)
        return lines
    }

    /// Lets the node's agent say good-bye, so that the cluster forgets the node now and not when its entry expires.
    ///
    /// A host that does not answer is removed all the same.
    private func leave(_ record: MachineRecord) async {
        guard record.phase >= .provisioned, let address = record.address else {
            return
        }
        let engine = EngineEndpoint(host: address, port: UInt16(clamping: record.enginePort))
        do {
            try await Provisioner().leave(
                engine,
                identity: context.identity(of: record.cluster),
                deadline: .after(.seconds(10))
            )
        } catch {
            context.progress.warn("its agent could not be stopped: \(ErrorReport(error).message)", about: record.name)
        }
    }

    private func remove(_ record: MachineRecord, leaving: Bool, force: Bool, purge: Bool) async throws {
        context.progress.begin("remove", of: record.name)
        do {
            let driver = try context.driver(record.driver)
            if leaving {
                await leave(record)
                try await leaveStore(record)
            }
            if driver.makesHosts {
                try await driver.remove(try context.driverMachine(record))
            } else if record.ssh != nil, record.phase >= .created {
                _ = try await undo(record, purge: purge)
            }
        } catch {
            guard force else {
                context.progress.end(of: record.name, with: .failed(ErrorReport(error).message))
                throw error
            }
            context.progress.warn(ErrorReport(error).message, about: record.name)
        }
        if let ssh = record.ssh {
            try KnownHosts(path: store.knownHosts(of: record.cluster)).remove(host: ssh.host, port: ssh.port ?? 22)
        }
        try store.removeMachine(record.name)
        context.progress.end(of: record.name, with: .done)
    }

    private func undo(_ record: MachineRecord, purge: Bool) async throws -> [String] {
        let cluster = try store.cluster(record.cluster)
        let work = NodeProvisioning(
            context: context,
            cluster: cluster,
            authority: try identity(for: cluster),
            templates: try templates(),
            image: nil,
            members: [record]
        )
        return try await work.uninstall(record, purge: purge)
    }
}
