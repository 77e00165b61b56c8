// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ClusterLifecycle
internal import Foundation
internal import Machines
internal import SwarmCore

/// What the verbs of docker-machine work with.
struct MachineRun {
    var context: CommandContext
    /// docker-machine's folder, absolute; the root of the store.
    let folder: String

    var store: MachineStore { context.store }
    var terminal: any OperatorTerminal { context.terminal }

    /// Makes `certs` and our folder of keys one, and takes over machines that are not ours yet.
    func prepare() throws {
        let ours = store.pkiFolder(of: MachineStore.implicitCluster)
        let files = FileManager.default
        if AtomicFile.exists("\(folder)/certs/ca.pem"), !files.fileExists(atPath: ours) {
            try AtomicFile.makeFolder(store.clusterFolder(MachineStore.implicitCluster))
            try? files.createSymbolicLink(atPath: ours, withDestinationPath: "../../certs")
        } else if !files.fileExists(atPath: "\(folder)/certs") {
            try AtomicFile.makeFolder(folder)
            try AtomicFile.makeFolder(ours)
            // Of two runs at once one makes it.
            try? files.createSymbolicLink(atPath: "\(folder)/certs", withDestinationPath: "clusters/default/pki")
        }
        for name in MachineAdoption.machines(in: folder) where !store.hasMachine(name) {
            // One that cannot be read shows in `ls`.
            try? adopt(name)
        }
    }

    private func adopt(_ name: String) throws {
        let path = "\(folder)/machines/\(name)/config.json"
        let file = try MachineConfiguration(parsing: try AtomicFile.read(path), path: path)
        var record = try file.record(
            name: name,
            id: UUID().uuidString.lowercased(),
            cluster: MachineStore.implicitCluster,
            drivers: context.drivers,
            now: context.now()
        )
        if let key = file.sshKeyPath ?? (AtomicFile.exists("\(folder)/machines/\(name)/id_rsa") ? "id_rsa" : nil) {
            record.state["ssh-key"] = key.hasPrefix("/") ? key : "machines/\(name)/\(key)"
        }
        try ensureCluster()
        try store.save(record)
    }

    func ensureCluster() throws {
        let spec = ClusterSpec(name: MachineStore.implicitCluster, driver: "generic")
        let record = ClusterRecord(id: UUID().uuidString.lowercased(), spec: spec, createdAt: context.now())
        _ = try store.ensureCluster(record)
    }

    /// Writes what other programs read of a machine: `config.json` and the copies of keys and certificates.
    func publish(_ machine: MachineRecord, settings: ClusterSpec? = nil) throws {
        let own = store.machineFolder(machine.name)
        let key =
            machine.ownKey.map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
            ?? machine.options["generic-ssh-key"]
            ?? (machine.driver == "generic" ? "" : store.sshKey(of: machine.cluster))
        let pki = store.pkiFolder(of: machine.cluster)
        for file in ["ca.pem", "cert.pem", "key.pem"] where AtomicFile.exists("\(pki)/\(file)") {
            let bytes = try AtomicFile.read("\(pki)/\(file)")
            try AtomicFile.write(bytes, to: "\(own)/\(file)", mode: file == "key.pem" ? 0o600 : 0o644)
        }
        let spec = try settings ?? store.cluster(machine.cluster).spec
        let file = MachineConfiguration(machine, cluster: spec, folder: folder, key: key)
        try AtomicFile.write(file.json.text + "\n", to: "\(own)/config.json")
    }

    // MARK: Names

    /// The machine called `name`.
    func machine(_ name: String) throws -> MachineRecord {
        guard ObjectName.problem(with: name) == nil, store.hasMachine(name) else {
            throw MachineFailure.unknown(name)
        }
        return try store.machine(name)
    }

    /// The machines named; the one called `default` for no names.
    func machines(_ names: [String]) throws -> [MachineRecord] {
        guard names.isEmpty else {
            return try names.map(machine)
        }
        guard store.hasMachine("default") else {
            throw MachineFailure("Error: No machine name(s) specified and no \"default\" machine exists")
        }
        return [try machine("default")]
    }

    /// The one machine named.
    func only(_ names: [String]) throws -> MachineRecord {
        guard names.count <= 1 else {
            throw MachineFailure("Error: Expected one machine name as an argument")
        }
        return try machines(names)[0]
    }

    // MARK: State

    func state(of machine: MachineRecord) async throws -> MachineState {
        try await context.driver(machine.driver).state(of: try context.driverMachine(machine))
    }

    /// docker-machine's word for a state.
    static func word(for state: MachineState, driver: String) -> String {
        switch state {
        case .unknown: driver == "none" ? "Running" : "Stopped"
        case .notFound: "Error"
        default: state.rawValue
        }
    }

    /// - Throws: ``MachineFailure`` for one that does not run.
    func requireRunning(_ machine: MachineRecord, otherwise text: String = "Host is not running") async throws {
        guard Self.word(for: try await state(of: machine), driver: machine.driver) == "Running" else {
            throw MachineFailure(text)
        }
    }

    func url(of machine: MachineRecord) throws -> String {
        guard let url = machine.engineURL else {
            throw MachineFailure("Error: the address of \"\(machine.name)\" is not known yet")
        }
        return url
    }

    // MARK: Verbs

    func perform(_ verb: String, _ words: [String]) async throws -> Int32 {
        if words.first == "--help" || words.first == "-h" || verb == "help" {
            terminal.output(DockerMachineProgram.help)
            return 0
        }
        switch verb {
        case "active": try await active(words)
        case "config": try await config(words)
        case "create": try await create(words)
        case "env": try await env(words)
        case "inspect": try inspect(words)
        case "ip", "url", "status": try await value(verb, words)
        case "kill", "restart", "start", "stop": try await power(verb, words)
        case "ls": try await list(words)
        case "mount": try await mount(words)
        case "provision": try await provision(words)
        case "regenerate-certs": try await regenerate(words)
        case "rm": return try await remove(words)
        case "scp": try await copy(words)
        case "ssh": try await shell(words)
        case "upgrade": try await upgrade(words)
        case "version": try await version(words)
        default:
            throw MachineFailure(
                "docker-machine: '\(verb)' is not a docker-machine command. See 'docker-machine --help'."
            )
        }
        return 0
    }
}

/// A terminal on which results are not shown: for commands of swarmctl whose results docker-machine does not print.
struct QuietTerminal: OperatorTerminal {
    let inner: any OperatorTerminal

    func output(_ line: String) {}
    func note(_ line: String) { inner.note(line) }
    func live(_ lines: [String]) { inner.live(lines) }
    func write(_ bytes: [UInt8], to stream: OutputStream) { inner.write(bytes, to: stream) }
    func confirm(_ question: String) -> Bool { inner.confirm(question) }
    var isInteractive: Bool { inner.isInteractive }
    var hasInputTerminal: Bool { inner.hasInputTerminal }
    var width: Int { inner.width }
    var hasColor: Bool { inner.hasColor }
}
