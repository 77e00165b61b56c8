// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Places a container beside, or away from, containers (by name, id or label) and images.
package struct AffinityFilter: PlacementFilter {
    package let name = "affinity"

    package init() {}

    package func conditions(of request: PlacementRequest) -> [String] { request.affinities.map(\.description) }

    package func isIndexed(for request: PlacementRequest) -> Bool {
        request.affinities.allSatisfy { $0.key == "image" }
    }

    package func rejection(of node: NodeSnapshot, for request: PlacementRequest) -> Rejection.Reason? {
        request.affinities.first { !isMet($0, on: node) }.map { .rule("affinity \($0.description)") }
    }

    private func isMet(_ affinity: PlacementExpression, on node: NodeSnapshot) -> Bool {
        let isMatched =
            switch affinity.key {
            case "container": node.containers.match(affinity.pattern)
            case "image": node.has(image: affinity.pattern)
            default: node.containers.match(affinity.pattern, label: affinity.key)
            }
        return isMatched == (affinity.comparison == .equal)
    }
}

extension NodeSnapshot {
    fileprivate func has(image pattern: Pattern) -> Bool {
        pattern.literal.map { images.contains($0) } ?? images.contains { pattern.matches($0) }
    }
}
