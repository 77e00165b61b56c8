// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Places a container beside those it shares volumes, links or namespaces with, and where its named
/// volumes and networks are.
package struct DependencyFilter: PlacementFilter {
    package let name = "dependency"

    package init() {}

    package func conditions(of request: PlacementRequest) -> [String] {
        request.dependencies.map(\.description) + request.volumes.map { "--volume=\($0)" }
            + request.networks.map { "--net=\($0)" }
    }

    package func isIndexed(for request: PlacementRequest) -> Bool { request.dependencies.isEmpty }

    package func rejection(of node: NodeSnapshot, for request: PlacementRequest) -> Rejection.Reason? {
        if let missing = request.dependencies.first(where: { !node.containers.contains($0.container) }) {
            return .rule("dependency \(missing.description)")
        }
        if let missing = request.volumes.first(where: { !node.volumes.contains($0) }) {
            return .rule("dependency on volume \"\(missing)\"")
        }
        if let missing = request.networks.first(where: { !node.networks.contains($0) }) {
            return .rule("dependency on network \"\(missing)\"")
        }
        return nil
    }
}
