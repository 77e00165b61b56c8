// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import ClusterLifecycle
internal import Foundation
internal import Machines
internal import PKI
internal import SwarmCore

/// What `export cluster` writes: how to reach a cluster, and credentials of one user's own.
struct ClusterExport: Codable {
    static let currentVersion = 1

    struct Manager: Codable {
        var name: String
        var address: String
    }

    var version = ClusterExport.currentVersion
    var cluster: String
    var managerPort: Int
    var managers: [Manager]
    /// In PEM, as in a DOCKER_CERT_PATH.
    var authority: String
    var certificate: String
    var key: String
}

/// `swarmctl export`: hands things on.
package struct ExportCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Give somebody access to a cluster",
        subcommands: [ExportClusterCommand.self]
    )

    package init() {}
}

/// `swarmctl export cluster`: one file with which somebody else can use the cluster.
package struct ExportClusterCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "cluster",
        abstract: "Write a file with which somebody else can use a cluster",
        discussion: """
            It holds new credentials, made for that user, and not yours: they can be revoked alone. Keep the file \
            secret on its way; its mode is 0600.
            """,
        examples: [
            "swarmctl export cluster lab --for ann --role operator",
            "swarmctl export cluster lab --for ci --role ns:ci --days 30 --out ci.json",
        ],
        exitStatus: "10 no such cluster; 11 the file is there already; 14 the authority has ended or is locked"
    )

    @Argument(help: "Cluster; the only one unless given.")
    package var cluster: String?

    @Option(name: .customLong("for"), help: ArgumentHelp("Whom the credentials are for.", valueName: "user"))
    package var user: String

    @Option(help: ArgumentHelp("File to make (default: CLUSTER-USER.json here).", valueName: "file"))
    package var out: String?

    @OptionGroup package var kind: CredentialArguments
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let record = try context.store.clusterOrOnly(cluster)
        let path = out ?? "\(record.name)-\(user.replacing("/", with: "-")).json"
        guard !AtomicFile.exists(path) else {
            throw OperatorError.taken(path: path)
        }
        let managers = try context.store.machines(of: record.name).filter { $0.role == .manager }
        let lifecycle = try ClusterLifecycle(context: context.lifecycleContext())
        let credentials = try lifecycle.issue(to: user, role: kind.role, life: kind.days, in: record)
        let export = ClusterExport(
            cluster: record.name,
            managerPort: record.spec.managerPort,
            managers: managers.compactMap { machine in
                machine.address.map { ClusterExport.Manager(name: machine.name, address: $0) }
            },
            authority: String(decoding: credentials.authority, as: UTF8.self),
            certificate: String(decoding: credentials.certificate, as: UTF8.self),
            key: String(decoding: credentials.key, as: UTF8.self)
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(Array(encoder.encode(export)) + [UInt8(ascii: "\n")], to: path, mode: 0o600)
        context.terminal.output(path)
    }
}

/// `swarmctl import cluster`: a cluster that somebody else made.
package struct ImportClusterCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "cluster",
        abstract: "Take a cluster that somebody else made into this store",
        discussion: """
            Afterwards `env`, `context`, `status` and the like work with it; what needs the hosts or the authority's \
            key does not.
            """,
        examples: ["swarmctl import cluster lab-ann.json", "swarmctl import cluster lab-ann.json --as work"],
        exitStatus: "10 no such file; 11 a cluster or machine of that name is there already"
    )

    @Argument(help: "A file that `export cluster` wrote.")
    package var file: String

    @Option(name: .customLong("as"), help: ArgumentHelp("Another name for the cluster here.", valueName: "name"))
    package var name: String?

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let export = try read()
        let store = context.store
        let name = name ?? export.cluster
        if let problem = ObjectName.problem(with: name) {
            throw MachineError.badName(kind: "cluster", name: name, problem: problem)
        }
        guard !store.hasCluster(name) else {
            throw MachineError.nameTaken(kind: "cluster", name: name, by: "it exists")
        }
        let machines = try export.managers.map { manager in
            try record(of: manager, cluster: name, in: context)
        }
        let pki = AuthorityStore(folder: store.pkiFolder(of: name))
        try AtomicFile.makeFolder(pki.folder)
        try AtomicFile.write(export.authority, to: pki.authorityCertificatePath, mode: 0o644)
        try AtomicFile.write(export.key, to: pki.keyPath, mode: 0o600)
        try AtomicFile.write(export.certificate, to: pki.certificatePath, mode: 0o644)
        for machine in machines {
            try store.save(machine)
        }
        var spec = ClusterSpec(name: name, driver: "none")
        spec.managerPort = export.managerPort
        var cluster = ClusterRecord(id: UUID().uuidString.lowercased(), spec: spec, createdAt: context.now())
        cluster.isComplete = true
        // Last: a cluster is there when its record is.
        try store.save(cluster)
        context.terminal.output(name)
    }

    private func read() throws -> ClusterExport {
        let export: ClusterExport
        do {
            export = try JSONDecoder().decode(ClusterExport.self, from: Data(AtomicFile.read(file, limit: 1 << 20)))
        } catch is DecodingError {
            throw MachineError.damagedRecord(path: file, problem: "it is not what `export cluster` writes")
        }
        guard export.version <= ClusterExport.currentVersion else {
            throw MachineError.recordFromTheFuture(path: file, version: export.version)
        }
        let certificate = try Certificate(pem: Array(export.certificate.utf8))
        guard try certificate.matches(PrivateKey(pem: Array(export.key.utf8))) else {
            throw PKIError.keyMismatch(certificate: "certificate in \(file)", key: "key in \(file)")
        }
        return export
    }

    private func record(
        of manager: ClusterExport.Manager,
        cluster: String,
        in context: CommandContext
    ) throws -> MachineRecord {
        if let problem = ObjectName.problem(with: manager.name) {
            throw MachineError.badName(kind: "machine", name: manager.name, problem: problem)
        }
        guard try !context.store.hasMachine(manager.name) || context.store.machine(manager.name).cluster == cluster
        else {
            throw MachineError.nameTaken(kind: "machine", name: manager.name, by: "it exists")
        }
        let host = manager.address.contains(":") ? "[\(manager.address)]" : manager.address
        var record = MachineRecord(
            name: manager.name,
            id: UUID().uuidString.lowercased(),
            cluster: cluster,
            driver: "none",
            options: ["url": "tcp://\(host):2376"],
            role: .manager,
            createdAt: context.now()
        )
        record.address = manager.address
        record.phase = .registered
        return record
    }
}
