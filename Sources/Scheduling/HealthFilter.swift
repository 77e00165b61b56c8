// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Keeps containers away from nodes that do not answer, and from cordoned ones.
package struct HealthFilter: PlacementFilter {
    package let name = "health"

    package init() {}

    package func conditions(of request: PlacementRequest) -> [String] { ["healthy"] }

    package func isIndexed(for request: PlacementRequest) -> Bool { true }

    package func rejection(of node: NodeSnapshot, for request: PlacementRequest) -> Rejection.Reason? {
        if let problem = node.problem {
            return .fact("the node is not healthy", example: problem)
        }
        return node.isCordoned ? .fact("the node is cordoned", example: nil) : nil
    }
}
