// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// What placement knows of one node at one instant: facts, and sums over its containers.
///
/// The sums include what is reserved and not created yet, so that two requests handled at once
/// cannot both win the same port or the same memory.
package struct NodeSnapshot: Sendable, Equatable {
    /// The address the node registered with; the key of the node.
    package var address: String
    /// The engine's id.
    package var id: String
    package var name: String
    /// Why nothing can be placed on it now, in words (`Disconnected: …`); `nil` when it is healthy.
    package var problem: String?
    /// Whether new containers are kept away.
    package var isCordoned: Bool
    /// The engine's labels, and classic's: `storagedriver`, `executiondriver`, `kernelversion`,
    /// `operatingsystem`, `ostype`, `architecture`.
    package var labels: [String: String]
    /// What the node has, without overcommit.
    package var capacity: Resources
    /// What containers and reservations claim of it.
    package var reserved: Resources
    package private(set) var ports = NodePorts()
    /// By id (a reservation's token until the container is created).
    package private(set) var containers = NodeContainers()
    /// How many of ``containers`` are the cluster's own agents and managers, which count as no load.
    private var overhead = 0
    /// Ids, `repository:tag`, digests and bare repositories of the images on the node.
    package var images: Set<String>
    /// Names of the local volumes on the node.
    package var volumes: Set<String>
    /// Names of the networks on the node.
    package var networks: Set<String>
    package var devices = NodeDevices()

    package init(
        address: String = "",
        id: String = "",
        name: String,
        problem: String? = nil,
        isCordoned: Bool = false,
        labels: [String: String] = [:],
        capacity: Resources = Resources(),
        reserved: Resources = Resources(),
        containers: [NodeContainer] = [],
        images: Set<String> = [],
        volumes: Set<String> = [],
        networks: Set<String> = []
    ) {
        self.address = address
        self.id = id
        self.name = name
        self.problem = problem
        self.isCordoned = isCordoned
        self.labels = labels
        self.capacity = capacity
        self.reserved = reserved
        self.images = images
        self.volumes = volumes
        self.networks = networks
        for container in containers {
            add(container)
        }
    }

    /// Adds a container, or a reservation, with what it claims.
    ///
    /// - Parameters:
    ///   - container: replaces one with the same id; then ``remove(_:claim:ports:)`` what that one claimed first.
    ///   - claim: its CPUs and memory.
    ///   - ports: its ports; a port that another container has stays that one's too.
    package mutating func add(_ container: NodeContainer, claim: Resources = Resources(), ports: [HostPort] = []) {
        overhead += (container.isOverhead ? 1 : 0) - (containers[container.id]?.isOverhead == true ? 1 : 0)
        containers[container.id] = container
        reserved += claim
        for port in ports {
            self.ports.add(port, name: container.name, key: container.id)
        }
    }

    /// Takes a container out again, with what was added for it; does nothing when it is not there.
    package mutating func remove(_ id: String, claim: Resources = Resources(), ports: [HostPort] = []) {
        guard let old = containers[id] else {
            return
        }
        overhead -= old.isOverhead ? 1 : 0
        containers[id] = nil
        reserved -= claim
        for port in ports {
            self.ports.remove(port, key: id)
        }
    }
}

extension NodeSnapshot {
    /// How many containers of users are on the node, running or not.
    package var workload: Int { containers.count - overhead }

    /// What may be promised: the capacity and `overcommit` times as much again.
    package func promisable(overcommit: Double) -> Resources {
        Resources(
            nanoCPUs: Self.scaled(capacity.nanoCPUs, by: 1 + overcommit),
            memory: Self.scaled(capacity.memory, by: 1 + overcommit)
        )
    }

    /// The most containers the node takes, running or not, by the engine label `containerslots`.
    var slots: Int? { labels["containerslots"].flatMap { Int($0) } }

    private static func scaled(_ value: Int64, by factor: Double) -> Int64 {
        Int64(exactly: (Double(value) * factor).rounded(.down)) ?? value
    }
}

/// What placement knows of one container on a node, or of one reserved there.
package struct NodeContainer: Sendable, Equatable {
    package var id: String
    /// Without the leading slash.
    package var name: String
    package var labels: [String: String]
    /// Whether it is an agent or a manager of the cluster itself.
    package var isOverhead: Bool

    package init(id: String, name: String, labels: [String: String] = [:], isOverhead: Bool = false) {
        self.id = id
        self.name = name
        self.labels = labels
        self.isOverhead = isOverhead
    }
}
