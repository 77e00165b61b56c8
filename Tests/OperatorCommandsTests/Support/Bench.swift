// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Machines
import OperatorCommands
import PKI
import SecureShell
import SwarmCore

/// A store in a folder of its own, and fakes for everything else; removed when it is freed.
final class Bench: Sendable {
    static let now = 1_800_000_000

    let folder: String
    let store: MachineStore
    let terminal: FakeTerminal
    let driver = FakeDriver()
    let engines = FakeEngines()
    let shells: FakeShells
    let programs: FakePrograms

    init(
        terminal: FakeTerminal = FakeTerminal(),
        shells: FakeShells = FakeShells(),
        programs: FakePrograms = FakePrograms()
    ) throws {
        folder = NSTemporaryDirectory() + "swarmctl-test-" + UUID().uuidString
        store = MachineStore(root: folder + "/store")
        self.terminal = terminal
        self.shells = shells
        self.programs = programs
        try AtomicFile.makeFolder(folder)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    func context(_ environment: [String: String] = [:]) -> CommandContext {
        CommandContext(
            terminal: terminal,
            store: store,
            drivers: [driver],
            engines: engines,
            shells: shells,
            programs: programs,
            environment: ["HOME": folder].merging(environment) { $1 },
            now: { Self.now }
        )
    }

    /// Writes a cluster whose machines `NAME-1`… have the addresses 10.0.0.1…; the first is its manager.
    @discardableResult
    func makeCluster(_ name: String, nodes: Int = 2) throws -> ClusterRecord {
        var spec = ClusterSpec(name: name, driver: "fake")
        spec.nodes = nodes
        spec.engine.labels = ["disk=ssd"]
        var cluster = ClusterRecord(id: "id-\(name)", spec: spec, createdAt: Self.now)
        cluster.isComplete = true
        try store.save(cluster)
        for number in 1...nodes {
            try makeMachine("\(name)-\(number)", in: name, role: number == 1 ? .manager : .worker, number: number)
        }
        return cluster
    }

    @discardableResult
    func makeMachine(
        _ name: String,
        in cluster: String = MachineStore.implicitCluster,
        role: MachineRole = .worker,
        number: Int = 9
    ) throws -> MachineRecord {
        var machine = MachineRecord(
            name: name,
            id: "id-\(name)",
            cluster: cluster,
            driver: "fake",
            options: [:],
            role: role,
            createdAt: Self.now
        )
        machine.phase = .registered
        machine.address = "10.0.0.\(number)"
        machine.state = ["address": "10.0.0.\(number)"]
        machine.ssh = SSHAddress(user: "root", host: "10.0.0.\(number)", port: 22)
        try store.save(machine)
        return machine
    }

    /// Makes a certificate authority and an operator's certificate for `cluster`.
    func makeCertificates(for cluster: String) throws {
        let pki = AuthorityStore(folder: store.pkiFolder(of: cluster))
        try AtomicFile.makeFolder(store.pkiFolder(of: cluster))
        let authority = try pki.ensureAuthority(cluster: cluster)
        let profile = OperatorProfile(user: "op", cluster: cluster, role: "admin", life: .days(90))
        _ = try pki.ensureOperator(profile, authority: authority)
    }

    /// The manager of a cluster made by ``makeCluster(_:nodes:)`` says that nodes are so.
    func answerInfo(_ nodes: [(name: String, status: String, error: String)]) {
        var rows = [#"["Role","primary"]"#, #"["Strategy","spread"]"#, "[\"Nodes\",\"\(nodes.count)\"]"]
        for (index, node) in nodes.enumerated() {
            rows.append("[\" \(node.name)\",\"10.0.0.\(index + 1):2376\"]")
            rows.append("[\"  └ Status\",\"\(node.status)\"]")
            rows.append("[\"  └ Containers\",\"2 (2 Running, 0 Paused, 0 Stopped)\"]")
            rows.append("[\"  └ Error\",\"\(node.error)\"]")
            rows.append(#"["  └ ServerVersion","28.2.2"]"#)
        }
        let body =
            "{\"ServerVersion\":\"swarm/0.1.0\",\"Containers\":4,\"SystemStatus\":[\(rows.joined(separator: ","))]}"
        engines.answer("https://10.0.0.1:3376", "/info", body)
    }
}
