// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Scheduling

/// A place held on a node, from the moment of choice until its container is read or given up.
struct HeldPlace: Sendable {
    let address: String
    let name: String
    let claim: Resources
    let ports: [HostPort]
    /// The id of the container once the engine has made it.
    var containerID: String?
    /// Its key among the containers of the node.
    let key: String
}

extension ClusterCore {
    /// Chooses a node and holds what the request asks for there.
    package mutating func reserve(
        _ request: PlacementRequest,
        excluding excluded: Set<String>,
        replacing replaced: Set<String> = []
    ) throws(SchedulingError) -> Reservation {
        try checkName(request.name, replacing: replaced)
        let slot = try scheduler.choose(
            for: request,
            in: &placements,
            excluding: Set(excluded.compactMap { self.slot(of: $0) }),
            using: &ties
        )
        // Not the node itself: while somebody holds it all of its containers are copied for a change.
        let (address, name) = (placements[slot].address, placements[slot].name)
        let token = beginRead()
        let held = HeldPlace(
            address: address,
            name: request.name,
            claim: request.claim,
            ports: request.ports,
            key: "reservation \(token)"
        )
        hold(held, token: token, labels: request.labels)
        return Reservation(token: token, address: address, nodeName: name)
    }

    private mutating func hold(_ held: HeldPlace, token: UInt64, labels: [String: String]) {
        reservations[token] = held
        if !held.name.isEmpty {
            heldNames[held.name] = held.key
        }
        update(held.address) { _, placement in
            placement.add(
                NodeContainer(id: held.key, name: held.name, labels: labels),
                claim: held.claim,
                ports: held.ports
            )
        }
    }

    /// The engine has made the container: the place is held until the container is read.
    package mutating func commit(_ token: UInt64, containerID: String) {
        guard let held = reservations[token] else {
            return
        }
        if node(at: held.address)?.containers[containerID] != nil {
            release(token)
        } else {
            reservations[token]?.containerID = containerID
            committed[containerID] = token
        }
    }

    /// Gives up a place; does nothing for a token that is not held.
    package mutating func release(_ token: UInt64) {
        guard let held = reservations.removeValue(forKey: token) else {
            return
        }
        if let id = held.containerID {
            committed[id] = nil
        }
        if heldNames[held.name] == held.key {
            heldNames[held.name] = nil
        }
        update(held.address) { _, placement in
            placement.remove(held.key, claim: held.claim, ports: held.ports)
        }
    }

    /// Holds a name for a rename.
    package mutating func holdName(_ name: String) throws(SchedulingError) {
        try checkName(name)
        heldNames[name] = "a rename"
    }

    package mutating func releaseName(_ name: String) {
        if heldNames[name] == "a rename" {
            heldNames[name] = nil
        }
    }

    private func checkName(_ name: String, replacing replaced: Set<String> = []) throws(SchedulingError) {
        guard !name.isEmpty else {
            return
        }
        if let holder = directory.places(named: name).map(\.id).filter({ !replaced.contains($0) }).min() {
            throw .nameTaken(name: name, holder: holder)
        }
        if heldNames[name] != nil {
            // It has no id yet.
            throw .nameTaken(name: name, holder: "being created")
        }
    }
}
