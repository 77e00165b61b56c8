// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// A create request that no engine could take.
package enum CreationError: UserFacingError, Equatable {
    /// The body is not the JSON of a container; the detail says where.
    case malformedBody(String)
    /// A word after `reschedule:` that is none of the policies.
    case unknownPolicy(String)
    /// The node chosen does not answer any more; the container may be made all the same when it goes on.
    case nodeLost(node: String, reason: String)

    package var message: String {
        switch self {
        case .malformedBody(let detail): "invalid JSON in the request to create a container: \(detail)"
        case .unknownPolicy(let word): "invalid reschedule policy: \(word)"
        case .nodeLost(let node, let reason): "node \"\(node)\" does not answer: \(reason)"
        }
    }

    package var hint: String? {
        switch self {
        case .unknownPolicy: "use `on-node-failure`, `on-unhealthy` or `off`"
        case .malformedBody, .nodeLost: nil
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .malformedBody, .unknownPolicy: .usage
        case .nodeLost: .unreachable
        }
    }
}
