// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Scheduling

/// The state of all nodes, and the only place where placements are decided.
///
/// Reading is free: ``snapshot`` is a value. Writing is short: no lock is held across a network call.
/// ``run()`` keeps one task a node, which connects it, follows its events and compares full lists.
package final class Cluster: Sendable {
    /// Everything at this instant.
    package let snapshot = ClusterSnapshot(
        nodes: [],
        discovery: .waiting,
        strategyName: "spread",
        filterNames: [],
        overcommit: 0.05,
        index: ContainerIndex()
    )

    package init() {}

    /// Connects and follows the members until the task is cancelled.
    package func run() async {}

    // MARK: Members

    /// Replaces the member list by what discovery says: nodes that are not in it are removed.
    package func setMembers(_ addresses: [String]) {}

    /// Notes that discovery fails; the members stay as they are.
    package func discoveryFailed(_ reason: String) {}

    // MARK: Containers

    /// Finds a container by `NODE/NAME`, name, id or id prefix; an exact name wins over a prefix.
    package func container(_ reference: String) -> Lookup { .missing }

    /// Chooses a node and holds name, CPUs, memory, ports and slot on it, until ``commit(_:containerID:)``
    /// or ``release(_:)``.
    ///
    /// - Parameters:
    ///   - request: what the container asks for.
    ///   - excluded: addresses of nodes that failed for this request already.
    /// - Returns: what to commit or release, exactly once.
    /// - Throws: ``SchedulingError``.
    package func reserve(
        _ request: PlacementRequest,
        excluding excluded: Set<String> = []
    ) throws(SchedulingError) -> Reservation {
        throw .noHealthyNode([])
    }

    /// Turns a reservation into the container that the engine has made.
    ///
    /// Reads it from the engine, so that the next `ps` shows it, and lets go of the reservation. If it
    /// cannot be read the reservation's claim stays until it is.
    package func commit(_ reservation: Reservation, containerID: String) async {}

    /// Gives up a reservation whose container was not made; idempotent.
    package func release(_ reservation: Reservation) {}

    /// Holds `name` for a rename; let go with ``releaseName(_:)`` after the engine has answered and
    /// ``refreshContainer(_:on:)`` is done.
    ///
    /// - Throws: ``SchedulingError/nameTaken(name:holder:)``.
    package func reserveName(_ name: String) throws(SchedulingError) {}
    package func releaseName(_ name: String) {}

    // MARK: Reading your own writes

    /// Reads one container from its engine again; it is gone when the engine says so.
    ///
    /// Call it after a change that went through, before the client is answered.
    package func refreshContainer(_ id: String, on address: String) async {}
    /// Reads the images of a node again.
    package func refreshImages(on address: String) async {}
    /// Reads the networks of a node again.
    package func refreshNetworks(on address: String) async {}
    /// Reads the volumes of a node again.
    package func refreshVolumes(on address: String) async {}

    // MARK: Events

    /// Events of all engines and of the cluster from now on, in the order they arrive.
    ///
    /// The stream ends when the listener falls `capacity` events behind, or is cancelled.
    package func events(capacity: Int = 4096) -> AsyncStream<ClusterEvent> {
        AsyncStream { $0.finish() }
    }
}

/// A place held on a node.
package struct Reservation: Sendable, Hashable {
    /// Unique in the life of the manager.
    package let token: UInt64
    /// Of the node chosen.
    package let address: String
    package let nodeName: String
}

/// An event of an engine, or of the cluster itself.
package struct ClusterEvent: Sendable {
    /// Nanoseconds since 1970.
    package let timeNano: Int64
    /// `container`, `image`, `network`, `volume`, `daemon`…; `swarm` for events of the cluster.
    package let type: String
    package let action: String
    package let actorID: String
    package let attributes: [String: String]
    /// Name, id, address and host address of the node it happened on.
    package let nodeName: String
    package let nodeID: String
    package let nodeAddress: String
    /// The JSON object as the engine wrote it; empty for events of the cluster.
    package let json: [UInt8]
}
