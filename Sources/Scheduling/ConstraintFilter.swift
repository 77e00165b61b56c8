// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Compares the node's name, id and labels.
package struct ConstraintFilter: PlacementFilter {
    package let name = "constraint"

    package init() {}

    package func conditions(of request: PlacementRequest) -> [String] { request.constraints.map(\.description) }

    package func isIndexed(for request: PlacementRequest) -> Bool { true }

    package func rejection(of node: NodeSnapshot, for request: PlacementRequest) -> Rejection.Reason? {
        request.constraints.first { !$0.accepts(node.values(of: $0.key)) }.map {
            .rule("constraint \($0.description)")
        }
    }
}

/// Limits a container to listed nodes: `whitelist:node==a|b`.
package struct WhitelistFilter: PlacementFilter {
    package let name = "whitelist"

    package init() {}

    package func conditions(of request: PlacementRequest) -> [String] { request.whitelists.map(\.description) }

    package func isIndexed(for request: PlacementRequest) -> Bool { true }

    package func rejection(of node: NodeSnapshot, for request: PlacementRequest) -> Rejection.Reason? {
        request.whitelists.first { !isMet($0, on: node) }.map { .rule("whitelist \($0.description)") }
    }

    private func isMet(_ whitelist: PlacementExpression, on node: NodeSnapshot) -> Bool {
        let listed = whitelist.value.split(separator: "|")
        let isListed = node.values(of: whitelist.key).contains { value in listed.contains { $0 == value } }
        return isListed == (whitelist.comparison == .equal)
    }
}

extension NodeSnapshot {
    /// What an expression with this key is compared with; nothing when the node lacks the label.
    func values(of key: String) -> [String] {
        key == "node" ? [id, name] : labels[key].map { [$0] } ?? []
    }
}
