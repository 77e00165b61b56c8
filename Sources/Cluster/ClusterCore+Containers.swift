// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Scheduling

/// Containers: what was read of them, and finding them.
extension ClusterCore {
    /// Puts in or replaces a container as read `number` found it; an older answer is ignored.
    package mutating func apply(_ container: ContainerState, on address: String, read number: UInt64) {
        apply([container.id: container], on: address, read: number)
    }

    /// Removes a container that read `number` did not find; an older answer is ignored.
    package mutating func applyRemoval(of id: String, on address: String, read number: UInt64) {
        apply([id: nil], on: address, read: number)
    }

    /// Makes the containers of a node equal to a full list.
    package mutating func apply(all containers: [ContainerState], on address: String, read number: UInt64) {
        guard let node = node(at: address) else {
            return
        }
        var changes: [String: ContainerState?] = [:]
        for container in containers {
            changes[container.id] = .some(container)
        }
        let listed = Set(changes.keys)
        for id in node.containers.keys where !listed.contains(id) {
            changes[id] = .some(nil)
        }
        for (id, token) in committed where !listed.contains(id) && reservations[token]?.address == address {
            // Made, and gone again before it was read.
            changes[id] = .some(nil)
        }
        apply(changes, on: address, read: number)
        forgetReads(before: number, on: address, keeping: listed)
    }

    /// Makes changes to containers of one node: a value replaces, `nil` removes.
    private mutating func apply(_ changes: [String: ContainerState?], on address: String, read number: UInt64) {
        guard slot(of: address) != nil else {
            return
        }
        let news = changes.filter { isNews(number, about: $0.key, on: address) }
        let before = node(at: address)?.containers ?? ContainerTable()
        for (id, change) in news {
            noteLineage(of: id, on: address, from: before[id], to: change)
        }
        var directory = directory
        // Not copied: there is one owner at a time.
        self.directory = ContainerDirectory()
        update(address) { fields, placement in
            for (id, change) in news {
                fields.replace(id, by: change, placement: &placement, directory: &directory)
            }
            fields.listing = NodeListing(fields.containers)
        }
        self.directory = directory
        for id in news.keys {
            if let token = committed[id] {
                release(token)
            }
        }
    }

    /// Finds a container by `NODE/NAME`, name, id or id prefix.
    package func lookup(_ reference: String) -> Lookup {
        let reference = String(reference.drop { $0 == "/" })
        if let slash = reference.firstIndex(of: "/"), let node = snapshot.node(String(reference[..<slash])) {
            let rest = String(reference[reference.index(after: slash)...])
            return lookup(rest) { $0.address == node.address }
        }
        return lookup(reference) { _ in true }
    }

    private func lookup(_ reference: String, where isWanted: (ContainerDirectory.Place) -> Bool) -> Lookup {
        let prefixed = directory.places(withPrefix: reference).filter(isWanted)
        let exact = prefixed.filter { $0.id == reference }
        let named = withoutReplaced(directory.places(named: reference).filter(isWanted))
        // As an engine: the full id, then the name, then a prefix that is unique.
        for found in [exact, named, prefixed] where !found.isEmpty {
            return outcome(of: found)
        }
        return .missing
    }

    private func outcome(of places: [ContainerDirectory.Place]) -> Lookup {
        let found = places.compactMap { place in
            node(at: place.address).flatMap { node in node.containers[place.id].map { ($0, node) } }
        }
        if found.count > 1 {
            return .ambiguous(found.map { "\($1.name)/\($0.name) (\($0.id.prefix(12)))" }.sorted())
        }
        return found.first.map { .found($0.0, on: $0.1) } ?? .missing
    }
}

extension NodeFields {
    /// Puts in, replaces or removes (`nil`) a container, and keeps sums and directory in step.
    fileprivate mutating func replace(
        _ id: String,
        by new: ContainerState?,
        placement: inout NodeSnapshot,
        directory: inout ContainerDirectory
    ) {
        let place = ContainerDirectory.Place(address: address, id: id)
        if let old = containers[id] {
            states.add(old.summary.state, -1)
            directory.remove(place, names: old.summary.names)
            watched.remove(id)
            placement.remove(id, claim: old.claim, ports: old.ports)
        }
        containers[id] = new
        if let new {
            states.add(new.summary.state, 1)
            if new.isWatched {
                watched.insert(id)
            }
            directory.insert(place, names: new.summary.names)
            placement.add(
                NodeContainer(id: id, name: new.name, labels: new.summary.labels, isOverhead: new.isOverhead),
                claim: new.claim,
                ports: new.ports
            )
        }
    }
}
