// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Whether the operator lets containers be placed on a node.
package enum NodeAvailability: String, Sendable, Hashable {
    case active
    /// New containers are kept away; those that are there stay.
    case cordoned
    /// As cordoned, and what has a reschedule policy is moved to other nodes.
    case draining
}

extension NodeState {
    /// The status in one word, as `info` shows it: a healthy node that is cordoned or draining says that.
    package var statusWord: String {
        switch availability {
        case .cordoned where status == .healthy: "Cordoned"
        case .draining where status == .healthy: "Draining"
        default: status.rawValue
        }
    }
}
