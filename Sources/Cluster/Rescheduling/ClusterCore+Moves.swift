// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Which containers took the place of others.
extension ClusterCore {
    /// Keeps the index of successors in step with a change of a container.
    mutating func noteLineage(of id: String, on address: String, from old: ContainerState?, to new: ContainerState?) {
        let place = ContainerDirectory.Place(address: address, id: id)
        for ancestor in old?.lineage ?? [] {
            successors[ancestor]?.remove(place)
            if successors[ancestor]?.isEmpty == true {
                successors[ancestor] = nil
            }
        }
        for ancestor in new?.lineage ?? [] {
            successors[ancestor, default: []].insert(place)
        }
    }

    /// The containers that took the place of the one with this id, directly; the latest decision first.
    func copies(of id: String) -> [(container: ContainerState, node: NodeState)] {
        let found = (successors[id] ?? []).compactMap { place in
            node(at: place.address).flatMap { node in node.containers[place.id].map { (container: $0, node: node) } }
        }
        return found.filter { $0.container.lineage.last == id }.sorted { left, right in
            (left.container.movedAt, left.container.id) > (right.container.movedAt, right.container.id)
        }
    }

    /// Whether another container was made to take its place, or a later copy of what it is a copy of.
    func isReplaced(_ container: ContainerState) -> Bool {
        if successors[container.id] != nil {
            return true
        }
        guard let origin = container.lineage.last, let latest = copies(of: origin).first else {
            return false
        }
        return latest.container.movedAt > container.movedAt
    }

    /// Of containers with one name, those that no other one among them took the place of.
    func withoutReplaced(_ places: [ContainerDirectory.Place]) -> [ContainerDirectory.Place] {
        guard places.count > 1 else {
            return places
        }
        return places.filter { place in
            let later = successors[place.id] ?? []
            return !places.contains { later.contains($0) }
        }
    }
}
