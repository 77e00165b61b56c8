// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Turns away nodes on which a requested port is taken.
///
/// A stopped container claims its port again when it starts, so its ports count; so do those of
/// placements reserved but not created yet. Two different addresses never clash, and "every
/// address" clashes with any.
package struct PortFilter: PlacementFilter {
    package let name = "port"

    package init() {}

    package func conditions(of request: PlacementRequest) -> [String] {
        request.ports.map { "port \($0.port) (\(request.usesHostNetwork ? "Host" : "Bridge") mode)" }
    }

    /// Names the first clash in the order of the request, so that the message is stable.
    package func rejection(of node: NodeSnapshot, for request: PlacementRequest) -> Rejection.Reason? {
        for wanted in request.ports {
            if let holder = node.ports.holder(clashingWith: wanted) {
                return .fact("port \(wanted) is taken", example: "\"\(holder)\"")
            }
        }
        return nil
    }
}
