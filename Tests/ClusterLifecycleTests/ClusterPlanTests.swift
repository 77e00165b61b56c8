// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ClusterLifecycle
import Machines
import SecureShell
import SwarmCore
import Testing

@Suite("ClusterPlan")
struct ClusterPlanTests {
    private func spec(nodes: Int = 3, hosts: [String] = []) -> ClusterSpec {
        var spec = ClusterSpec(name: "lab", driver: hosts.isEmpty ? "local" : "generic")
        spec.nodes = nodes
        spec.hosts = hosts.compactMap { SSHAddress(parsing: $0) }
        return spec
    }

    private func record(
        _ name: String,
        _ phase: MachinePhase = .registered,
        role: MachineRole = .worker,
        host: String? = nil,
        cluster: String = "lab"
    ) -> MachineRecord {
        var record = MachineRecord(
            name: name,
            id: name,
            cluster: cluster,
            driver: "local",
            options: [:],
            role: role,
            createdAt: 1
        )
        record.phase = phase
        record.ssh = host.flatMap { SSHAddress(parsing: $0) }
        return record
    }

    private func cluster(_ spec: ClusterSpec) -> ClusterRecord {
        ClusterRecord(id: "x", spec: spec, createdAt: 1)
    }

    @Test("a new cluster is made whole, the first machine as manager")
    func newCluster() throws {
        let plan = try ClusterPlan(spec: spec(), existing: nil, machines: [])

        #expect(plan.items.map(\.machine) == ["lab-1", "lab-2", "lab-3"])
        #expect(plan.items.map(\.role) == [.manager, .worker, .worker])
        #expect(plan.items.allSatisfy { $0.action == .create })
        #expect(plan.changesHosts)
        #expect(plan.lines.first == "Cluster lab will be created:")
    }

    @Test("a create that was interrupted goes on after the phase on disk")
    func resume() throws {
        let machines = [record("lab-1", .created, role: .manager), record("lab-2", .requested)]

        let plan = try ClusterPlan(spec: spec(), existing: cluster(spec()), machines: machines)

        #expect(plan.items.map(\.action) == [.resume(after: .created), .resume(after: .requested), .create])
    }

    @Test("a create that was killed when only its second machine was noted keeps the first as manager")
    func resumeWithoutFirst() throws {
        let plan = try ClusterPlan(spec: spec(), existing: nil, machines: [record("lab-2", .requested)])

        #expect(plan.items.map(\.machine) == ["lab-1", "lab-2", "lab-3"])
        #expect(plan.items.map(\.role) == [.manager, .worker, .worker])
        #expect(plan.items.map(\.action) == [.create, .resume(after: .requested), .create])
    }

    @Test("a cluster that is whole is only looked at again")
    func whole() throws {
        let machines = [record("lab-1", role: .manager), record("lab-2"), record("lab-3")]

        let plan = try ClusterPlan(spec: spec(), existing: cluster(spec()), machines: machines)

        #expect(plan.items.allSatisfy { $0.action == .check })
        #expect(!plan.changesHosts)
    }

    @Test("a cluster shrinks from its highest number and never gives up its manager first")
    func shrinks() throws {
        let machines = [record("lab-1"), record("lab-2", role: .manager), record("lab-10")]

        let plan = try ClusterPlan(spec: spec(nodes: 2), existing: cluster(spec()), machines: machines)

        #expect(plan.items.map(\.machine) == ["lab-2", "lab-1", "lab-10"])
        #expect(plan.items.map(\.action) == [.check, .check, .remove])
        #expect(plan.items.first?.role == .manager)
    }

    @Test("a free number is used again when a cluster grows")
    func grows() throws {
        let machines = [record("lab-1", role: .manager), record("lab-3")]

        let plan = try ClusterPlan(spec: spec(nodes: 4), existing: cluster(spec()), machines: machines)

        #expect(plan.items.map(\.machine) == ["lab-1", "lab-2", "lab-3", "lab-4"])
    }

    @Test("hosts are known by address, whatever their order; one that is gone from the list is removed")
    func hosts() throws {
        let machines = [
            record("lab-1", role: .manager, host: "root@10.0.0.1"),
            record("lab-2", host: "root@10.0.0.2:2222"),
        ]
        let wanted = spec(hosts: ["root@10.0.0.2:2222", "root@10.0.0.3"])

        let plan = try ClusterPlan(spec: wanted, existing: cluster(wanted), machines: machines)

        #expect(plan.items.map(\.machine) == ["lab-2", "lab-3", "lab-1"])
        #expect(plan.items.map(\.action) == [.check, .adopt, .remove])
    }

    @Test("another driver, or a machine's name in another cluster, is a conflict")
    func conflicts() throws {
        let existing = cluster(spec())

        let driver = try #require(throws: LifecycleError.self) {
            try ClusterPlan(spec: spec(hosts: ["root@10.0.0.1"]), existing: existing, machines: [])
        }
        let machine = try #require(throws: LifecycleError.self) {
            try ClusterPlan(spec: spec(), existing: nil, machines: [record("lab-2", cluster: "default")])
        }

        #expect(driver == .driverDiffers(cluster: "lab", existing: "local", wanted: "generic"))
        #expect(machine == .machineElsewhere(machine: "lab-2", cluster: "default"))
        #expect([driver.kind, machine.kind] == [.conflict, .conflict])
    }

    private struct Mistake: Sendable {
        let field: String
        let make: @Sendable (inout ClusterSpec) -> Void
    }

    private static let mistakes: [Mistake] = [
        Mistake(field: "nodes") { $0.nodes = 0 },
        Mistake(field: "nodes") { $0.nodes = -1 },
        Mistake(field: "nodes") { $0.nodes = 1001 },
        Mistake(field: "managers") { $0.managers = 0 },
        Mistake(field: "managers") { $0.managers = 4 },
        Mistake(field: "managers") {
            $0.managers = 3
            $0.discovery = "nodes://10.0.0.1:2376"
        },
        Mistake(field: "replication-ttl") { $0.replicationTTL = "1s" },
        Mistake(field: "replication-ttl") { $0.replicationTTL = "soon" },
        Mistake(field: "strategy") { $0.strategy = "spraed" },
        Mistake(field: "days") { $0.certificateDays = 0 },
        Mistake(field: "key-type") { $0.keyType = "dsa" },
        Mistake(field: "engine-install") { $0.engine.install = "curl" },
        Mistake(field: "allow-from") { $0.allowFrom = ["10.0.0.0/33"] },
        Mistake(field: "allow-from") { $0.allowFrom = ["300.0.0.0/8"] },
        Mistake(field: "manager-port") { $0.managerPort = 0 },
    ]

    @Test("wishes that cannot be met are refused before anything is made", arguments: mistakes.indices)
    func validation(index: Int) throws {
        let mistake = Self.mistakes[index]
        var wish = spec()
        mistake.make(&wish)

        let error = try #require(throws: LifecycleError.self) { try wish.validate() }

        guard case .badSpec(let named, _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(named == mistake.field)
        #expect(error.kind == .usage)
    }

    @Test("a host given twice is refused")
    func sameHostTwice() {
        #expect(throws: LifecycleError.badSpec(field: "host", problem: "b@10.0.0.1:22 is given twice")) {
            try spec(hosts: ["a@10.0.0.1", "b@10.0.0.1:22"]).validate()
        }
    }
}
