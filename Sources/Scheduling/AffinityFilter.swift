// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Places a container beside, or away from, containers (by name, id or label) and images.
package struct AffinityFilter: PlacementFilter {
    package let name = "affinity"

    package init() {}

    package func conditions(of request: PlacementRequest) -> [String] { request.affinities.map(\.description) }

    package func rejection(of node: NodeSnapshot, for request: PlacementRequest) -> Rejection.Reason? {
        request.affinities.first { !isMet($0, on: node) }.map { .rule("affinity \($0.description)") }
    }

    private func isMet(_ affinity: PlacementExpression, on node: NodeSnapshot) -> Bool {
        switch affinity.key {
        case "container":
            affinity.accepts(node.containers.values.lazy.flatMap { [$0.id, $0.name, shortID(of: $0)] })
        case "image":
            affinity.accepts(node.images)
        default:
            affinity.accepts(node.containers.values.lazy.compactMap { $0.labels[affinity.key] })
        }
    }

    /// The twelve characters that `docker ps` prints, and so what people write.
    private func shortID(of container: NodeContainer) -> String { String(container.id.prefix(12)) }
}
