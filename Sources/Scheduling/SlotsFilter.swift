// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Respects the engine label `containerslots`: the most containers the node takes, running or not.
package struct SlotsFilter: PlacementFilter {
    package let name = "containerslots"

    package init() {}

    package func conditions(of request: PlacementRequest) -> [String] { ["available container slots"] }

    package func isIndexed(for request: PlacementRequest) -> Bool { true }

    package func rejection(of node: NodeSnapshot, for request: PlacementRequest) -> Rejection.Reason? {
        guard let slots = node.slots, node.workload >= slots else {
            return nil
        }
        return .fact("all container slots are taken", example: "\(node.workload) of \(slots)")
    }
}
