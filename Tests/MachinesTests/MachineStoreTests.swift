// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Machines
import SecureShell
import SwarmCore
import Testing

@Suite("MachineStore")
final class MachineStoreTests {
    let store = MachineStore(root: NSTemporaryDirectory() + "swarmctl-store-\(UUID().uuidString)")

    deinit {
        try? FileManager.default.removeItem(atPath: store.root)
    }

    private func machine(_ name: String, cluster: String = "lab") -> MachineRecord {
        MachineRecord(
            name: name,
            id: "id-\(name)",
            cluster: cluster,
            driver: "local",
            options: ["local-image": "node"],
            role: .worker,
            createdAt: 1
        )
    }

    @Test("records are read back as written, and sorted by number")
    func roundTrip() throws {
        var record = machine("lab-10")
        record.ssh = SSHAddress(user: "root", host: "10.0.0.1")
        record.state = ["id": "abc"]
        try store.save(record)
        try store.save(machine("lab-2"))
        try store.save(machine("other", cluster: "default"))

        #expect(try store.machine("lab-10") == record)
        #expect(try store.machines(of: "lab").map(\.name) == ["lab-2", "lab-10"])
        #expect(store.machineNames() == ["lab-2", "lab-10", "other"])
    }

    @Test("no record holds a path of this machine")
    func relativePaths() throws {
        try store.save(machine("a"))

        let text = try AtomicFile.readText(store.machineFolder("a") + "/machine.json")

        #expect(!text.contains(store.root))
    }

    @Test("an unknown machine is named, with those there are")
    func unknownMachine() throws {
        try store.save(machine("a"))

        #expect(throws: MachineError.unknownMachine(name: "ghost", known: ["a"])) { try store.machine("ghost") }
        #expect(throws: MachineError.unknownMachine(name: "../a", known: ["a"])) { try store.machine("../a") }
    }

    @Test("without a name the only cluster is meant; the implicit one does not count")
    func onlyCluster() throws {
        #expect(throws: MachineError.noCluster) { try store.clusterOrOnly(nil) }
        for name in ["default", "lab"] {
            try store.save(ClusterRecord(id: name, spec: ClusterSpec(name: name, driver: "local"), createdAt: 1))
        }

        #expect(try store.clusterOrOnly(nil).name == "lab")
        try store.save(ClusterRecord(id: "x", spec: ClusterSpec(name: "other", driver: "local"), createdAt: 1))
        #expect(throws: MachineError.severalClusters(names: ["lab", "other"])) { try store.clusterOrOnly(nil) }
    }

    @Test("a damaged record and one from a later version are errors that name the file")
    func damaged() throws {
        try store.save(machine("a"))
        let path = store.machineFolder("a") + "/machine.json"

        try AtomicFile.write("{\"version\": 1, \"name\"", to: path)
        #expect(throws: MachineError.damagedRecord(path: path, problem: "it is not JSON")) { try store.machine("a") }
        try AtomicFile.write("{\"version\": 99}", to: path)
        #expect(throws: MachineError.recordFromTheFuture(path: path, version: 99)) { try store.machine("a") }
        try AtomicFile.write("{\"version\": 1}", to: path)
        #expect(throws: MachineError.damagedRecord(path: path, problem: "\"name\" is missing")) {
            try store.machine("a")
        }
    }

    @Test("the first of many that make a cluster at once makes it, and all get the same")
    func ensureCluster() async throws {
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<20 {
                group.addTask { [store] in
                    let spec = ClusterSpec(name: "default", driver: "local")
                    return try store.ensureCluster(ClusterRecord(id: "\(number)", spec: spec, createdAt: 1)).id
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }

        #expect(ids.count == 1)
    }

    @Test("changes made at once are all kept")
    func updateCluster() async throws {
        try store.save(ClusterRecord(id: "x", spec: ClusterSpec(name: "lab", driver: "local"), createdAt: 1))

        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask { [store] in
                    try store.updateCluster("lab") { $0.spec.tlsNames.append("n\(number)") }
                }
            }
            try await group.waitForAll()
        }

        #expect(try store.cluster("lab").spec.tlsNames.count == 20)
    }

    @Test("a machine in use by one run is refused to another")
    func use() throws {
        let first = try store.use(machine: "a")

        #expect(throws: MachineError.inUse(kind: "machine", name: "a")) { try store.use(machine: "a") }
        withExtendedLifetime(first) {}
    }

    @Test("removing twice is no error, and leaves no folder")
    func remove() throws {
        try store.save(machine("a"))

        try store.removeMachine("a")
        try store.removeMachine("a")

        #expect(!store.hasMachine("a"))
        #expect(!AtomicFile.exists(store.machineFolder("a")))
    }
}
