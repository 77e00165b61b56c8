// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import ClusterLifecycle
internal import Machines
internal import SecureShell
internal import SwarmCore

/// `swarmctl create cluster`: makes a cluster what it shall be.
package struct CreateCluster: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "cluster",
        abstract: "Create a cluster, go on creating it, or change it",
        discussion: """
            Makes or adopts the hosts, installs Docker on them over SSH, and joins them under a manager. \
            Run again after any failure, it goes on where it stopped; run with other options, it changes \
            what differs. The plan is shown first; on a terminal it asks. Flags of the driver are taken too: \
            see them with --driver D --help.

            With several managers one leads and the others pass everything on to it. The store that they are \
            elected in, etcd, is installed on the managers, unless --discovery names one.
            """,
        usage:
            "swarmctl create cluster [<name>] [-f <file>] [--driver <driver>] [--nodes <n> | --host <address> ...] [<options>]",
        examples: [
            "swarmctl create cluster lab --nodes 3",
            "swarmctl create cluster prod --host root@10.0.0.1 --host root@10.0.0.2 -y",
            "swarmctl create cluster -f cluster.yaml --dry-run",
        ],
        exitStatus: """
            1 several hosts failed for several reasons; 3 a check before creation said no; 11 the name is taken, \
            or another swarmctl is at work on it; 13 a host is not reached; 14 access is denied
            """
    )

    @Option(name: .shortAndLong, help: ArgumentHelp("Read the cluster from a YAML file; flags win.", valueName: "file"))
    package var file: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Where hosts come from (default: local).", valueName: "driver"))
    package var driver: String?

    @Option(help: ArgumentHelp("How many machines the driver makes (default: 3).", valueName: "number"))
    package var nodes: Int?

    @Option(help: ArgumentHelp("A host to adopt, as [USER@]ADDR[:PORT]; repeatable.", valueName: "address"))
    package var host: [String] = []

    @Option(help: ArgumentHelp("Private key for adopted hosts.", valueName: "file"))
    package var sshKey: String?

    @Option(help: ArgumentHelp("How many of the machines are managers (default: 1).", valueName: "number"))
    package var managers: Int?

    @Option(
        name: .customLong("replication-ttl"),
        help: ArgumentHelp("How long a leader leads without renewing (default: 20s).", valueName: "time")
    )
    package var replicationTTL: String?

    @Option(help: ArgumentHelp("spread, binpack or random (default: spread).", valueName: "strategy"))
    package var strategy: String?

    @Option(help: ArgumentHelp("Discovery service; embedded in the manager unless given.", valueName: "url"))
    package var discovery: String?

    @Option(help: ArgumentHelp("Option of the discovery service; repeatable.", valueName: "key=value"))
    package var discoveryOpt: [String] = []

    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp(
            "Whether a program of ours has the engines' port: certificates then change without a restart of the "
                + "engine, and roles count there too (default for new clusters: --engine-front)."
        )
    )
    package var engineFront: Bool?

    @Flag(help: "Show what would be done, look at hosts that are there, and change nothing.")
    package var dryRun = false

    @OptionGroup package var engine: EngineFlags
    @OptionGroup package var work: WorkOptions
    @OptionGroup package var confirmation: ConfirmOptions
    @OptionGroup package var output: FormatOptions
    @OptionGroup package var global: GlobalOptions

    @Argument(parsing: .allUnrecognized, help: "Name of the cluster, and flags of the driver.")
    package var words: [String] = []

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let spec = try spec(in: context)
        if context.store.hasMachine(spec.name) {
            throw MachineError.nameTaken(kind: "cluster", name: spec.name, by: "a machine has it")
        }
        let plan = try ClusterLifecycle(context: context.lifecycleContext()).plan(spec)
        if dryRun {
            return try await show(plan, in: context)
        }
        plan.lines.forEach(context.terminal.note)
        if plan.changesHosts {
            try confirmation.confirm("Do that?", on: context.terminal)
        }
        let machines = try await context.withLifecycle(work) { try await $0.apply(plan) }
        try report(spec, machines, in: context)
    }

    // MARK: What is wanted

    /// The wish: the file's, or what is stored, or the defaults; then the flags.
    func spec(in context: CommandContext) throws -> ClusterSpec {
        let lifecycle = ClusterLifecycle(context: try context.lifecycleContext())
        let hosts = try hostAddresses()
        var spec: ClusterSpec
        let flags: DriverFlags
        if let file {
            spec = try ClusterFile.read(file)
            flags = try driverFlags(driver ?? spec.driver, in: context)
            try checkNames(flags, fromFile: spec.name)
        } else {
            let guess = driver ?? (hosts.isEmpty ? nil : "generic")
            // The name is among the words that only the driver's table can sort, and the stored wish is
            // found by the name: so sort with the driver named, and again with that of the wish.
            let first = try driverFlags(guess ?? storedDriver(in: context) ?? "local", in: context)
            spec = try lifecycle.draft(try name(in: first), driver: guess)
            flags = first
        }
        if let driver {
            spec.driver = driver
        }
        spec.driverOptions.merge(flags.values) { $1 }
        apply(to: &spec, hosts: hosts)
        spec.hasEngineFront = try engineFront ?? spec.hasEngineFront ?? hasFrontUnlessTold(spec.name, in: context)
        try checkKey(spec, home: context.home)
        try spec.validate()
        return spec
    }

    /// A cluster that was made without a front stays without.
    private func hasFrontUnlessTold(_ name: String, in context: CommandContext) throws -> Bool {
        try context.store.hasCluster(name) ? context.store.cluster(name).spec.hasEngineFront ?? false : true
    }

    /// The driver of a stored cluster whose name is among the words.
    private func storedDriver(in context: CommandContext) throws -> String? {
        try words.first { ObjectName.problem(with: $0) == nil && context.store.hasCluster($0) }
            .map { try context.store.cluster($0).spec.driver }
    }

    private func driverFlags(_ driver: String, in context: CommandContext) throws -> DriverFlags {
        try DriverFlags(words, of: try context.driver(driver), environment: context.environment)
    }

    private func name(in flags: DriverFlags) throws -> String {
        guard let name = flags.names.first else {
            throw ValidationError("a name for the cluster is needed, or a file with one: -f FILE")
        }
        guard flags.names.count == 1 else {
            throw ValidationError("unexpected argument '\(flags.names[1])'")
        }
        return name
    }

    private func checkNames(_ flags: DriverFlags, fromFile name: String) throws {
        guard let given = flags.names.first else {
            return
        }
        guard given == name, flags.names.count == 1 else {
            throw ValidationError("the file is about the cluster \"\(name)\", not \"\(given)\"")
        }
    }

    private func hostAddresses() throws -> [SSHAddress] {
        guard host.isEmpty || nodes == nil else {
            throw ValidationError("--nodes and --host exclude each other: each --host is a node")
        }
        return try host.map { text in
            guard let address = SSHAddress(parsing: text) else {
                throw MachineError.badAddress(text: text)
            }
            return address
        }
    }

    private func apply(to spec: inout ClusterSpec, hosts: [SSHAddress]) {
        if !hosts.isEmpty {
            spec.hosts = hosts
        }
        spec.nodes = nodes ?? spec.nodes
        spec.sshKey = sshKey ?? spec.sshKey
        spec.managers = managers ?? spec.managers
        spec.replicationTTL = replicationTTL ?? spec.replicationTTL
        spec.strategy = strategy ?? spec.strategy
        spec.discovery = discovery ?? spec.discovery
        spec.discoveryOptions = discoveryOpt.isEmpty ? spec.discoveryOptions : discoveryOpt
        engine.apply(to: &spec)
    }

    /// A key that cannot be read is the user's slip, and better known before anything is done.
    private func checkKey(_ spec: ClusterSpec, home: String) throws {
        guard let key = spec.sshKey else {
            return
        }
        try KeyFile.check(key, flag: "--ssh-key", home: home)
    }

    // MARK: What is said

    private func show(_ plan: ClusterPlan, in context: CommandContext) async throws {
        plan.lines.forEach(context.terminal.output)
        let findings = try await context.withLifecycle(work) { try await $0.look(plan) }
        for (machine, lines) in findings {
            context.terminal.output("\(machine):")
            lines.forEach { context.terminal.output("  \($0)") }
        }
    }

    private func report(_ spec: ClusterSpec, _ machines: [MachineRecord], in context: CommandContext) throws {
        if output.format == .json {
            return try context.terminal.output(json: try context.store.machines(of: spec.name))
        }
        let cluster = try context.store.cluster(spec.name)
        context.terminal.output(spec.name)
        if let url = Target.cluster(cluster, machines: machines).knownURL {
            context.terminal.note("The cluster answers at \(url); run `eval $(swarmctl env \(spec.name))` to use it.")
        }
    }
}
