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

        /// What nodes with the same reason share.
        fileprivate var subject: String {
            switch self {
            case .fact(let fact, _): fact
            case .rule(let rule): rule
            }
        }
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
    /// The whole message: ours first, then classic swarm's text, which clients match on.
    static func report(container: String, conditions: [String], rejections: [Rejection], total: Int) -> String {
        let subject = container.isEmpty ? "the container" : "container \"\(container)\""
        let reasons = summaries(of: rejections, total: total).joined(separator: "; ")
        let classic = conditions.map { "\n[\($0)]" }.joined()
        return "no node can host \(subject): \(reasons)\n"
            + "Unable to find a node that satisfies the following conditions \(classic)"
    }

    /// One phrase for each reason, in the order in which they first occur.
    static func summaries(of rejections: [Rejection], total: Int) -> [String] {
        var order: [String] = []
        var groups: [String: [Rejection]] = [:]
        for rejection in rejections {
            if groups[rejection.reason.subject] == nil {
                order.append(rejection.reason.subject)
            }
            groups[rejection.reason.subject, default: []].append(rejection)
        }
        return order.compactMap { groups[$0].flatMap { summary(of: $0, total: total) } }
    }

    private static func summary(of group: [Rejection], total: Int) -> String? {
        guard let first = group.first else {
            return nil
        }
        let count = "\(group.count) of \(total) nodes"
        switch first.reason {
        case .fact(let fact, let example):
            return "\(fact) on \(count) (\(first.node)\(example.map { ": \($0)" } ?? ""))"
        case .rule(let rule):
            guard group.count > 3 else {
                return "\(rule) excludes \(group.map(\.node).joined(separator: ", "))"
            }
            return "\(rule) excludes \(count) (\(first.node), …)"
        }
    }

    /// The first three rejections for the end of a sentence: ` (n1: …; n2: …)`.
    static func parenthesis(_ rejections: [Rejection]) -> String {
        let parts = rejections.prefix(3).map { rejection in
            switch rejection.reason {
            case .fact(let fact, let example): "\(rejection.node): \(example ?? fact)"
            case .rule(let rule): "\(rejection.node): \(rule)"
            }
        }
        let more = rejections.count > 3 ? "; …" : ""
        return parts.isEmpty ? "" : " (\(parts.joined(separator: "; "))\(more))"
    }
}
