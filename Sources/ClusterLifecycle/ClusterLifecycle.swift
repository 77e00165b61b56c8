// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import Machines
internal import PKI
internal import Provisioning
internal import SecureShell
internal import SwarmCore

/// Makes clusters and machines what they shall be, and unmakes them.
package struct ClusterLifecycle: Sendable {
    package let context: LifecycleContext

    package init(context: LifecycleContext) {
        self.context = context
    }

    var store: MachineStore { context.store }

    // MARK: Planning

    /// What is known of the cluster's wish: as stored, or the defaults for a new one.
    package func draft(_ name: String, driver: String?) throws -> ClusterSpec {
        guard store.hasCluster(name) else {
            return ClusterSpec(name: name, driver: driver ?? "local")
        }
        return try store.cluster(name).spec
    }

    /// What ``apply(_:)`` would do; changes nothing.
    package func plan(_ spec: ClusterSpec) throws -> ClusterPlan {
        _ = try context.driver(spec.driver)
        return try ClusterPlan(
            spec: spec,
            existing: store.hasCluster(spec.name) ? store.cluster(spec.name) : nil,
            machines: try store.machineNames().map(store.machine)
        )
    }

    /// What would change on hosts that can be looked at already: for `--dry-run`.
    ///
    /// - Returns: lines for each machine that is adopted or exists, by name.
    package func look(_ plan: ClusterPlan) async throws -> [(machine: String, lines: [String])] {
        let cluster = ClusterRecord(id: "", spec: plan.spec, createdAt: 0)
        let authority = try CertificateAuthority.generate(cluster: plan.spec.name, key: .generate(.p256))
        var records: [MachineRecord] = []
        for item in plan.items where item.action != .remove && item.action != .create {
            var record = try wanted(item, spec: plan.spec)
            if store.hasMachine(record.name) {
                record = try store.machine(record.name)
            }
            let machine = try context.driverMachine(record)
            record.address = try await context.driver(record.driver).address(of: machine)
            record.ssh = try await context.driver(record.driver).sshAddress(of: machine)
            records.append(record)
        }
        let work = NodeProvisioning(
            context: context,
            cluster: cluster,
            authority: authority,
            templates: try templates(),
            image: nil,
            members: records,
            front: records.isEmpty ? nil : try await front(plan.spec)
        )
        let results = await concurrently(records, limit: context.parallel) { try await work.plan($0) }
        return try zip(records, results).map { (machine: $0.name, lines: try $1.get()) }
    }

    // MARK: Creating

    /// Makes the cluster what the plan says.
    ///
    /// May be called again after any failure or kill.
    ///
    /// - Returns: the machines, managers first.
    /// - Throws: the error of the only machine that failed, else ``PartialFailure``.
    @discardableResult
    package func apply(_ plan: ClusterPlan) async throws -> [MachineRecord] {
        let name = plan.spec.name
        let use = try store.use(cluster: name)
        defer { withExtendedLifetime(use) {} }
        removeLeftovers(of: plan)
        let kept = try plan.items.filter { $0.action != .remove }.map { try wanted($0, spec: plan.spec) }
        try await preCreate(kept)

        let cluster = try record(plan.spec)
        let authority = try identity(for: cluster)
        let image = try await swarmdImage()
        let (made, failures) = try await bringUp(kept)
        let work = NodeProvisioning(
            context: context,
            cluster: cluster,
            authority: authority,
            templates: try templates(),
            image: image,
            members: made,
            front: try await front(plan.spec)
        )
        if plan.spec.hasOwnStore {
            // A store of which a member is missing would begin as another one.
            try throwIfAny(failures, of: kept.count)
            try await prepareStore(work)
        }
        try await provision(made, after: failures, wanted: kept, work)
        try await remove(plan.items.filter { $0.action == .remove }.map(\.machine), force: false, purge: false)
        try store.updateCluster(name) { $0.isComplete = true }
        return try store.machines(of: name)
    }

    /// Makes one machine that belongs to no cluster of the user's.
    ///
    /// - Parameters:
    ///   - name: the machine's name.
    ///   - driver: the driver's name.
    ///   - options: the driver's options as given; a secret only as a reference.
    ///   - settings: what is asked of its engine; only its engine, key and name settings count.
    ///   - provisions: whether Docker is installed; else all ends when the host runs, and ``provision(_:)`` goes on.
    /// - Returns: the machine's record.
    /// - Throws: ``MachineError/nameTaken(kind:name:by:)`` when it is there and whole.
    package func createMachine(
        _ name: String,
        driver: String,
        options: [String: String],
        settings: ClusterSpec,
        provisions: Bool = true
    ) async throws -> MachineRecord {
        if let problem = ObjectName.problem(with: name) {
            throw MachineError.badName(kind: "machine", name: name, problem: problem)
        }
        let use = try store.use(machine: name)
        defer { withExtendedLifetime(use) {} }
        let wanted = try newMachine(name, driver: driver, options: options, tlsNames: settings.tlsNames)
        try await preCreate([wanted])
        var spec = settings
        spec.name = MachineStore.implicitCluster
        let cluster = try store.ensureCluster(ClusterRecord(id: newID(), spec: spec, createdAt: context.now()))
        let authority = try identity(for: cluster)
        var record = try await HostCreation(context: context).bringUp(wanted)
        guard provisions else {
            return record
        }
        guard record.ssh != nil else {
            record.phase = .registered
            try store.save(record)
            return record
        }
        var shown = cluster
        shown.spec.engine = settings.engine
        shown.spec.allowFrom = settings.allowFrom
        let work = NodeProvisioning(
            context: context,
            cluster: shown,
            authority: authority,
            templates: try templates(),
            image: nil,
            members: [record]
        )
        return try await work.provision(record)
    }

    /// Runs all steps on machines again.
    package func provision(_ names: [String]) async throws {
        let records = try names.map(store.machine)
        var failures: [any UserFacingError] = []
        for (cluster, machines) in Dictionary(grouping: records, by: \.cluster).sorted(by: { $0.key < $1.key }) {
            let cluster = try store.cluster(cluster)
            let isImplicit = MachineStore.isImplicit(cluster.name)
            let work = NodeProvisioning(
                context: context,
                cluster: cluster,
                authority: try identity(for: cluster),
                templates: try templates(),
                image: isImplicit ? nil : try await swarmdImage(),
                members: isImplicit ? machines : try store.machines(of: cluster.name),
                front: try await front(cluster.spec)
            )
            let results = await concurrently(machines, limit: context.parallel) { try await work.provision($0) }
            failures += results.compactMap(\.userFacingFailure)
        }
        try throwIfAny(failures, of: names.count)
    }

    private func preCreate(_ records: [MachineRecord]) async throws {
        let creation = HostCreation(context: context)
        let results = await concurrently(records, limit: context.parallel) { try await creation.preCreate($0) }
        try throwIfAny(results.compactMap(\.userFacingFailure), of: records.count)
    }

    private func bringUp(
        _ wanted: [MachineRecord]
    ) async throws -> (made: [MachineRecord], failures: [any UserFacingError]) {
        let creation = HostCreation(context: context)
        let results = await concurrently(wanted, limit: context.parallel) { try await creation.bringUp($0) }
        try Task.checkCancellation()
        return (results.compactMap { try? $0.get() }, results.compactMap(\.userFacingFailure))
    }

    private func provision(
        _ made: [MachineRecord],
        after failures: [any UserFacingError],
        wanted: [MachineRecord],
        _ work: NodeProvisioning
    ) async throws {
        // Without a manager's address the others have nothing to join.
        guard made.contains(where: { $0.role == .manager }) else {
            try throwIfAny(failures, of: wanted.count)
            return
        }
        let results = await concurrently(made, limit: context.parallel) { try await work.provision($0) }
        try Task.checkCancellation()
        try throwIfAny(failures + results.compactMap(\.userFacingFailure), of: wanted.count)
    }

    /// Clears what a run that was killed in the middle of a write left in the store.
    private func removeLeftovers(of plan: ClusterPlan) {
        AtomicFile.removeLeftovers(in: store.clusterFolder(plan.spec.name))
        for item in plan.items {
            AtomicFile.removeLeftovers(in: store.machineFolder(item.machine))
        }
    }

    // MARK: What machines are made with

    private func record(_ spec: ClusterSpec) throws -> ClusterRecord {
        let fresh = ClusterRecord(id: newID(), spec: spec, createdAt: context.now())
        _ = try store.ensureCluster(fresh)
        return try store.updateCluster(spec.name) { record in
            record.spec = spec
            record.isComplete = false
            record.hasStore = spec.hasOwnStore ? record.hasStore : nil
        }
    }

    /// The cluster's authority and the operator's certificate, made when they are missing.
    func identity(for cluster: ClusterRecord) throws -> CertificateAuthority {
        let pki = context.authorities(of: cluster.name)
        let authority = try pki.ensureAuthority(
            cluster: cluster.name,
            keyType: KeyType(rawValue: cluster.spec.keyType) ?? .p256,
            passphrase: try context.passphrase(of: cluster.spec)
        )
        _ = try pki.ensureOperator(
            OperatorProfile(
                user: context.operatorName,
                cluster: cluster.name,
                role: "admin",
                life: .days(cluster.spec.certificateDays)
            ),
            authority: authority
        )
        return authority
    }

    func templates() throws -> TemplateSource {
        try TemplateSource.find(overrides: context.templateOverrides, environment: context.environment)
    }

    /// What takes TLS off the connections to the engines of a cluster; `nil` where they do that themselves.
    func front(_ spec: ClusterSpec) async throws -> FrontSpec? {
        guard spec.hasEngineFront == true else {
            return nil
        }
        return try await FrontSpec.make(
            executable: try SwarmdLocation.find(in: context.environment),
            folder: "\(store.root)/cache",
            version: swarmVersion
        )
    }

    private func swarmdImage() async throws -> SwarmdImage {
        try await SwarmdImage.make(
            executable: try SwarmdLocation.find(in: context.environment),
            folder: "\(store.root)/cache",
            version: swarmVersion
        )
    }

    private func wanted(_ item: ClusterPlan.Item, spec: ClusterSpec) throws -> MachineRecord {
        var options = spec.driverOptions
        if let host = item.host, spec.driver == "generic" {
            options["generic-ip-address"] = host.host
            options["generic-ssh-user"] = host.user
            options["generic-ssh-port"] = host.port.map(String.init)
        }
        var record = MachineRecord(
            name: item.machine,
            id: newID(),
            cluster: spec.name,
            driver: spec.driver,
            options: options,
            role: item.role,
            createdAt: context.now()
        )
        record.ssh = item.host
        return record
    }

    private func newMachine(
        _ name: String,
        driver: String,
        options: [String: String],
        tlsNames: [String]
    ) throws -> MachineRecord {
        _ = try context.driver(driver)
        if store.hasMachine(name) {
            let record = try store.machine(name)
            guard record.cluster == MachineStore.implicitCluster else {
                throw MachineError.nameTaken(
                    kind: "machine",
                    name: name,
                    by: "it is part of the cluster \"\(record.cluster)\""
                )
            }
            guard record.driver == driver else {
                throw MachineError.nameTaken(
                    kind: "machine",
                    name: name,
                    by: "it exists with the driver \(record.driver)"
                )
            }
            guard record.phase != .registered else {
                throw MachineError.nameTaken(kind: "machine", name: name, by: "it exists")
            }
        }
        var record = MachineRecord(
            name: name,
            id: newID(),
            cluster: MachineStore.implicitCluster,
            driver: driver,
            options: options,
            role: .worker,
            createdAt: context.now()
        )
        record.tlsNames = tlsNames
        return record
    }

    private func newID() -> String { UUID().uuidString.lowercased() }

    func throwIfAny(_ failures: [any UserFacingError], of total: Int) throws {
        guard failures.isEmpty else {
            throw PartialFailure(failures: failures, total: total)
        }
    }
}
