// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import PKI
internal import Provisioning
internal import SecureShell
internal import SwarmCore

/// The second half of a machine's way: from a host that is there to a node that the cluster sees.
struct NodeProvisioning: Sendable {
    let context: LifecycleContext
    let cluster: ClusterRecord
    let authority: CertificateAuthority
    let templates: TemplateSource
    /// What runs on the nodes; `nil` for machines without a cluster.
    let image: SwarmdImage?
    /// All machines of the cluster whose address is known.
    let members: [MachineRecord]
    /// What takes TLS off the engines' connections; `nil` where they do that themselves.
    var front: FrontSpec?
    /// Of new certificates; `nil` for the cluster's own setting.
    var life: CertificateLife?
    /// The members of the managers' store that it knows already, so that others must join it.
    var joining: Set<String> = []
    /// Whether the host is only prepared: what the cluster's own programs need is there, and they are not run.
    var isPreparation = false

    /// Runs all steps on the machine's host and notes how far it came.
    ///
    /// - Returns: the record, phase ``MachinePhase/registered`` unless it was only prepared.
    func provision(_ machine: MachineRecord) async throws -> MachineRecord {
        let deadline = Deadline.after(context.hostTimeout)
        let progress = StepProgress(board: context.progress, machine: machine.name)
        do {
            let host = try await reach(machine, deadline: deadline, progress: progress)
            defer { Task { await host.close() } }
            let request = try request(for: machine, host: host)
            _ = try await Provisioner().provision(request, deadline: deadline) { step, event in
                progress.report(step, event)
                if step == .verify, event.isEnd {
                    advance(machine.name, to: .provisioned)
                }
            }
            return isPreparation ? machine : try finish(machine.name)
        } catch {
            HostCreation(context: context).note(error, on: machine)
            throw error
        }
    }

    /// Looks at the host and says what provisioning it would change.
    func plan(_ machine: MachineRecord) async throws -> [String] {
        let deadline = Deadline.after(.seconds(60))
        let host = try await context.connect(to: machine, deadline: deadline)
        defer { Task { await host.close() } }
        let request = try request(for: machine, host: host)
        let facts = try await Provisioner().look(request, deadline: deadline)
        return try Provisioner().plan(request, facts: facts)
    }

    /// Gives the host's engine newer packages.
    ///
    /// - Returns: a line for each package that was changed.
    /// - Throws: ``ProvisionError``, or why the host was not reached.
    func upgrade(_ machine: MachineRecord, to version: String?) async throws -> [String] {
        let deadline = Deadline.after(context.hostTimeout)
        let progress = StepProgress(board: context.progress, machine: machine.name)
        do {
            let host = try await reach(machine, deadline: deadline, progress: progress)
            defer { Task { await host.close() } }
            let request = try request(for: machine, host: host)
            return try await Provisioner().upgrade(request, to: version, deadline: deadline) { step, event in
                progress.report(step, event)
            }
        } catch {
            context.progress.end(of: machine.name, with: .failed(ErrorReport(error).message))
            throw error
        }
    }

    /// Gives the host back as it was.
    ///
    /// - Parameters:
    ///   - machine: the host's record.
    ///   - purge: whether an engine that we installed goes too, with all that it holds.
    /// - Returns: what was undone, a line each.
    /// - Throws: ``ProvisionError``, or why the host was not reached.
    func uninstall(_ machine: MachineRecord, purge: Bool) async throws -> [String] {
        let deadline = Deadline.after(context.hostTimeout)
        let host = try await context.connect(to: machine, deadline: deadline.capped(at: .seconds(30)))
        defer { Task { await host.close() } }
        let progress = StepProgress(board: context.progress, machine: machine.name)
        return try await Provisioner().uninstall(
            try request(for: machine, host: host),
            purge: purge,
            deadline: deadline
        ) { step, event in
            progress.report(step, event)
        }
    }

    func reach(
        _ machine: MachineRecord,
        deadline: Deadline,
        progress: StepProgress
    ) async throws -> SSHConnection {
        progress.report(.reach, .started)
        // A host that we made may still be booting; one to adopt is there or it is not.
        let boot = Duration.seconds(machine.state["boot-seconds"].flatMap { Int64($0) } ?? 180)
        let patience: Duration = try context.driver(machine.driver).makesHosts ? boot : .zero
        let host = try await HostReach.connect(name: machine.name, deadline: deadline, patience: patience) { limit in
            try await context.connect(to: machine, deadline: limit)
        }
        return host
    }

    func request(for machine: MachineRecord, host: any RemoteHost) throws -> ProvisionRequest {
        let address = machine.address ?? machine.ssh?.host ?? ""
        let spec = cluster.spec
        let authority = authority
        let pki = context.authorities(of: cluster.name)
        let life = life ?? .days(spec.certificateDays)
        var request = ProvisionRequest(
            host: host,
            nodeName: machine.name,
            clusterName: cluster.name,
            address: address,
            authority: String(decoding: authority.trust, as: UTF8.self),
            client: context.identity(of: cluster.name),
            templates: templates
        ) { pem, names in
            let profile = NodeProfile(
                node: machine.name,
                cluster: spec.name,
                addresses: names.filter(isAddress),
                dnsNames: names.filter { !isAddress($0) },
                life: life
            )
            let request = try CertificateRequest(pem: Array(pem.utf8))
            let certificate = try pki.issue(profile, for: request, by: authority)
            return String(decoding: certificate.pem, as: UTF8.self)
        }
        request.front = front
        request.revocations = try pki.revocationList()
        request.enginePort = UInt16(clamping: machine.enginePort)
        request.extraNames = machine.tlsNames + spec.tlsNames
        request.engine = try engineOptions(machine)
        request.allowFrom = spec.allowFrom + members.compactMap(\.address)
        request.image = image
        if cluster.spec.hasOwnStore, machine.role == .manager {
            request.store = storeSpec(for: machine)
        }
        request.managerPort = UInt16(clamping: cluster.spec.managerPort)
        if !isPreparation {
            addContainers(to: &request, machine: machine, address: address)
        }
        return request
    }

    private func addContainers(to request: inout ProvisionRequest, machine: MachineRecord, address: String) {
        let managers = members.filter { $0.role == .manager }.compactMap(\.address)
        guard image != nil, let first = managers.first else {
            return
        }
        let port = cluster.spec.managerPort
        let discovery = discovery(managerAddress: first)
        var options = cluster.spec.discoveryOptions.flatMap { ["--discovery-opt", $0] }
        if cluster.spec.hasOwnStore {
            options = Self.embeddedOptions
        }
        request.agent = AgentSpec(
            discovery: discovery,
            advertise: "\(bracketed(address)):\(machine.enginePort)",
            arguments: (cluster.spec.discovery == nil ? Self.embeddedOptions : options)
        )
        if machine.role == .manager {
            request.manager = ManagerSpec(
                discovery: discovery,
                strategy: cluster.spec.strategy,
                port: UInt16(clamping: port),
                arguments: options + replication(address: address)
            )
        }
        request.registration = RegistrationCheck(
            // Each manager looks for itself.
            manager: EngineEndpoint(host: machine.role == .manager ? address : first, port: UInt16(clamping: port)),
            timeout: .seconds(120)
        )
    }

    private func discovery(managerAddress: String) -> String {
        if let discovery = cluster.spec.discovery {
            return discovery
        }
        guard cluster.spec.hasOwnStore else {
            return "swarm://\(bracketed(managerAddress)):\(cluster.spec.managerPort)/\(cluster.name)"
        }
        return StoreSpec.discovery(storeMembers, cluster: cluster.name)
    }

    /// What makes a manager one of several.
    private func replication(address: String) -> [String] {
        guard cluster.spec.managers > 1 else {
            return []
        }
        let ttl = cluster.spec.replicationTTL.map { ["--replication-ttl", $0] } ?? []
        return ["--replication", "--advertise", "\(bracketed(address)):\(cluster.spec.managerPort)"] + ttl
    }

    /// The managers as members of the store that they run, by name.
    var storeMembers: [StoreSpec.Member] {
        members.filter { $0.role == .manager }.sorted { $0.name < $1.name }.compactMap(\.storeMember)
    }

    private func storeSpec(for machine: MachineRecord) -> StoreSpec? {
        guard let member = machine.storeMember else {
            return nil
        }
        return StoreSpec(
            member: member,
            initial: joining.isEmpty
                ? storeMembers : storeMembers.filter { joining.contains($0.name) || $0 == member },
            joins: !joining.isEmpty,
            token: cluster.id
        )
    }

    /// The node's own certificate is what embedded discovery knows a member by.
    private static let embeddedOptions = [
        "--discovery-opt", "kv.cacertfile=/certs/ca.pem",
        "--discovery-opt", "kv.certfile=/certs/server.pem",
        "--discovery-opt", "kv.keyfile=/certs/server-key.pem",
    ]

    private func engineOptions(_ machine: MachineRecord) throws -> EngineOptions {
        let settings = cluster.spec.engine
        guard let install = EngineInstall(parsing: settings.install) else {
            throw LifecycleError.badSpec(field: "engine-install", problem: "\"\(settings.install)\" is not understood")
        }
        var options = EngineOptions()
        options.install = install
        options.labels = ["provider=\(machine.driver)"] + settings.labels
        options.registryMirrors = settings.registryMirrors
        options.insecureRegistries = settings.insecureRegistries
        options.storageDriver = settings.storageDriver
        options.environment = settings.environment
        options.settings = try settings.options.map(EngineSetting.init(flag:))
        return options
    }

    private func bracketed(_ address: String) -> String { address.contains(":") ? "[\(address)]" : address }

    /// Notes a phase; a record that another run removed meanwhile is left removed.
    private func advance(_ name: String, to phase: MachinePhase) {
        guard var record = try? context.store.machine(name), record.phase < phase else {
            return
        }
        record.phase = phase
        // The phase is a promise to the next run only: without it that run looks again.
        try? context.store.save(record)
    }

    private func finish(_ name: String) throws -> MachineRecord {
        var record = try context.store.machine(name)
        record.phase = .registered
        record.lastError = nil
        try context.store.save(record)
        return record
    }
}

extension MachineRecord {
    /// The machine as a member of the managers' store; `nil` while its address is not known.
    var storeMember: StoreSpec.Member? { address.map { StoreSpec.Member(name: name, address: $0) } }
}

/// Whether `name` is an IPv4 or IPv6 address rather than a DNS name.
private func isAddress(_ name: String) -> Bool {
    let octets = name.split(separator: ".", omittingEmptySubsequences: false)
    return name.contains(":") || (octets.count == 4 && octets.allSatisfy { UInt8($0) != nil })
}

extension EngineSetting {
    /// Reads `KEY=VALUE`; a value that is not JSON is a string.
    fileprivate init(flag: String) throws {
        guard let cut = flag.firstIndex(of: "="), cut != flag.startIndex else {
            throw LifecycleError.badSpec(field: "engine-opt", problem: "\"\(flag)\" is not of the form KEY=VALUE")
        }
        let value = String(flag[flag.index(after: cut)...])
        self.init(key: String(flag[..<cut]), json: Self.isJSON(value) ? value : Self.quoted(value))
    }

    private static func isJSON(_ text: String) -> Bool {
        ["true", "false", "null"].contains(text) || Double(text) != nil || text.first == "{" || text.first == "["
            || (text.first == "\"" && text.last == "\"" && text.count > 1)
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(escaped)\""
    }
}

extension StepEvent {
    /// Whether the step is over, and not by an error.
    var isEnd: Bool {
        switch self {
        case .unchanged, .changed, .skipped: true
        case .started, .detail, .warning: false
        }
    }
}

/// Puts the events of one host's steps on the board.
struct StepProgress: Sendable {
    let board: ProgressBoard
    let machine: String

    func report(_ step: ProvisionStep, _ event: StepEvent) {
        switch event {
        case .started: board.begin(step.rawValue, of: machine)
        case .detail(let text): board.detail(text, of: machine)
        case .warning(let text): board.warn(text, about: machine)
        case .unchanged, .skipped: board.end(of: machine, with: .unchanged)
        case .changed: board.end(of: machine, with: .done)
        }
    }
}
