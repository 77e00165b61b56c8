// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines

/// A row of `swarmctl ls`; the names of the members are those of its JSON, a contract.
package struct ListEntry: Sendable, Equatable, Encodable {
    package var name: String
    /// `cluster` or `machine`.
    package var kind: String
    /// The cluster of a machine.
    package var cluster: String?
    package var driver: String
    /// `manager` or `worker`.
    package var role: String?
    /// `primary` or `replica`, of one of several managers.
    package var lead: String?
    package var state: String
    package var url: String?
    /// The version of the engine or manager.
    package var docker: String?
    /// Whether the docker CLI talks to it.
    package var active: Bool
    package var nodes: NodeCount?
    package var problem: String?
    /// Labels of the engine, as asked for; for filters only.
    package var labels: [String] = []

    /// Nodes of a cluster as its manager sees them.
    package struct NodeCount: Sendable, Equatable, Encodable {
        package var healthy: Int
        package var total: Int
    }

    private enum CodingKeys: CodingKey {
        case name, kind, cluster, driver, role, lead, state, url, docker, active, nodes, problem
    }

    package init(_ cluster: ClusterRecord, machines: [MachineRecord], answer: Survey.ClusterAnswer, active: String?) {
        name = cluster.name
        kind = "cluster"
        driver = cluster.spec.driver
        state = answer.state
        let target = Target.cluster(cluster, machines: machines)
        url = target.knownURL
        docker = answer.health.flatMap { $0.serverVersion.isEmpty ? nil : $0.serverVersion }
        self.active = active.map { target.knownURLs.contains($0) } ?? false
        nodes = answer.health.map { NodeCount(healthy: $0.healthy, total: $0.nodes.count) }
        problem = answer.problem
        labels = cluster.spec.engine.labels
    }

    package init(_ machine: MachineRecord, answer: Survey.MachineAnswer, labels: [String], active: String?) {
        name = machine.name
        kind = "machine"
        cluster = MachineStore.isImplicit(machine.cluster) ? nil : machine.cluster
        driver = machine.driver
        role = machine.role.rawValue
        state = answer.state
        url = machine.engineURL
        docker = answer.version
        self.active = url != nil && url == active
        problem = answer.problem
        self.labels = labels
    }

    /// The cells of its row under ``headings``.
    package var cells: [String] {
        let health = nodes.map { "\($0.healthy)/\($0.total) nodes healthy" }
        let note = problem.map { problem in health.map { "\($0); \(problem)" } ?? problem } ?? health
        return [
            name, active ? "*" : "",
            kind == "cluster" ? "cluster" : [role, lead].compactMap(\.self).joined(separator: ", "), cluster ?? "",
            driver, state,
            url ?? "",
            docker ?? "", note ?? "",
        ]
    }

    package static var table: TextTable {
        TextTable("NAME", "ACTIVE", "ROLE", "CLUSTER", "DRIVER", "STATE", "URL", "DOCKER", "NOTE")
    }
}
