// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOHTTP1

/// What a caller gets from a route.
package enum Grant: String, Sendable, CaseIterable {
    /// As it is.
    case full = "yes"
    /// Unless it gives power over a host: see ``PrivilegeGuard``.
    case unprivileged = "unprivileged"
    /// Without environments.
    case redacted = "no environment"
    /// Only what is labelled with its namespace: see ``NamespaceGuard``.
    case own = "own"
    case refused = "no"
}

/// The routes that are alike in who may use them.
package enum RouteClass: String, Sendable, CaseIterable {
    /// Whether the manager is there, and what it speaks.
    case greeting
    /// What has nothing to do with what others have in the cluster.
    case common
    /// The same for those who may change something.
    case working
    /// Lists and descriptions.
    case viewing
    /// Descriptions that have environments in them.
    case describing
    /// What containers and images hold, print and run.
    case content
    /// Changes of containers and what they use.
    case changing
    /// What is about the cluster as a whole, to look at.
    case overview
    /// Changes that are not about one owner's objects.
    case sharing
    /// What changes the nodes, or gives power over them.
    case administration

    /// The grants of `operator`, `viewer`, `ns:NAME` and of nodes.
    private var grants: (operator: Grant, viewer: Grant, namespace: Grant, node: Grant) {
        switch self {
        case .greeting: (.full, .full, .full, .full)
        case .common: (.full, .full, .full, .refused)
        case .working: (.full, .refused, .full, .refused)
        case .viewing: (.full, .full, .own, .refused)
        case .describing: (.full, .redacted, .own, .refused)
        case .content: (.unprivileged, .refused, .own, .refused)
        case .changing: (.unprivileged, .refused, .own, .refused)
        case .overview: (.full, .full, .refused, .refused)
        case .sharing: (.unprivileged, .refused, .refused, .refused)
        case .administration: (.refused, .refused, .refused, .refused)
        }
    }

    /// What somebody of this standing gets.
    package func grant(_ standing: Caller.Standing) -> Grant {
        switch standing {
        case .role(.admin): .full
        case .role(.operator): grants.operator
        case .role(.viewer): grants.viewer
        case .role(.namespace): grants.namespace
        case .node: grants.node
        case .nobody: .refused
        }
    }
}

/// One route of the table of authorization.
package struct RouteRule: Sendable, Hashable {
    package let method: HTTPMethod
    /// As in ``Route/pattern``.
    package let pattern: String
    package let kind: RouteClass

    package static func == (left: RouteRule, right: RouteRule) -> Bool {
        left.method == right.method && left.pattern == right.pattern && left.kind == right.kind
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(method.rawValue)
        hasher.combine(pattern)
    }
}
