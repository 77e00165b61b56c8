// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Why one node cannot host a container, by the first filter that turned it away.
package struct Rejection: Sendable, Hashable {
    /// How the reason is put into words when several nodes share it.
    package enum Reason: Sendable, Hashable {
        /// A fact about the node: `port 5432/tcp is taken`, with an example such as the holder's name.
        case fact(String, example: String?)
        /// A rule of the request that the node does not meet: `constraint storage==ssd`.
        case rule(String)
    }

    package let filter: String
    /// The node's name.
    package let node: String
    package let reason: Reason

    package init(filter: String, node: String, reason: Reason) {
        self.filter = filter
        self.node = node
        self.reason = reason
    }
}

extension Rejection {
    static func parenthesis(_ rejections: [Rejection]) -> String { "" }
    static func report(container: String, conditions: [String], rejections: [Rejection], total: Int) -> String { "" }
}
