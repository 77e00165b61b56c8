// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Where each container of the cluster is, by id, id prefix and name.
struct ContainerDirectory: Sendable {
    /// One container on one node.
    struct Place: Hashable, Sendable {
        let address: String
        let id: String
    }

    /// Ids are grouped by this many first characters, so that a prefix is looked up in a small group.
    private static let groupLength = 3

    private enum Named: Sendable {
        case one(Place)
        /// At least two: a name that several nodes have.
        case several(Set<Place>)
    }

    private var byName: [String: Named] = [:]
    private var groups: [Substring: [Place]] = [:]

    mutating func insert(_ place: Place, names: [String]) {
        let group = place.id.prefix(Self.groupLength)
        if groups[group]?.contains(place) != true {
            groups[group, default: []].append(place)
        }
        for name in names {
            switch byName[name] {
            case .none: byName[name] = .one(place)
            case .one(let other): byName[name] = other == place ? .one(place) : .several([other, place])
            case .several(let others): byName[name] = .several(others.union([place]))
            }
        }
    }

    mutating func remove(_ place: Place, names: [String]) {
        let group = place.id.prefix(Self.groupLength)
        groups[group]?.removeAll { $0 == place }
        if groups[group]?.isEmpty == true {
            groups[group] = nil
        }
        for name in names {
            guard case .several(let all) = byName[name] else {
                if case .one(place) = byName[name] {
                    byName[name] = nil
                }
                continue
            }
            let rest = all.subtracting([place])
            byName[name] = rest.count == 1 ? rest.first.map { .one($0) } : .several(rest)
        }
    }

    /// The containers with exactly this name.
    func places(named name: String) -> Set<Place> {
        switch byName[name] {
        case .none: []
        case .one(let place): [place]
        case .several(let places): places
        }
    }

    /// The containers whose id begins with `prefix`; none for an empty one.
    func places(withPrefix prefix: String) -> [Place] {
        guard !prefix.isEmpty else {
            return []
        }
        guard prefix.count >= Self.groupLength else {
            return groups.filter { $0.key.hasPrefix(prefix) }.flatMap(\.value)
        }
        return groups[prefix.prefix(Self.groupLength)]?.filter { $0.id.hasPrefix(prefix) } ?? []
    }
}
