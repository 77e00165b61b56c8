// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// Why a container could not be placed.
package enum SchedulingError: UserFacingError, Equatable {
    /// A constraint or affinity that cannot be read; `offset` counts characters of `text` from 0.
    case malformedExpression(text: String, offset: Int, problem: String)
    /// The cluster has no healthy node at all; one line for each node that is not.
    case noHealthyNode([Rejection])
    /// Every node was rejected, each by the first filter that did; in node order.
    case everyNodeRejected(container: String, conditions: [String], rejections: [Rejection], total: Int)
    /// The name is in use in the cluster.
    case nameTaken(name: String, holder: String)
    /// A filter or strategy of the command line that does not exist.
    case unknownName(kind: String, name: String, known: [String])

    package var message: String {
        switch self {
        case .malformedExpression(let text, let offset, let problem):
            "invalid expression \"\(text)\": \(problem) at character \(offset + 1)"
        case .noHealthyNode(let rejections):
            "No healthy node available in the cluster" + Rejection.parenthesis(rejections)
        case .everyNodeRejected(let container, let conditions, let rejections, let total):
            Rejection.report(container: container, conditions: conditions, rejections: rejections, total: total)
        case .nameTaken(let name, let holder):
            "Conflict. The container name \"/\(name)\" is already in use by container \"\(holder)\". "
                + "You have to remove (or rename) that container to be able to reuse that name."
        case .unknownName(let kind, let name, let known):
            "unknown \(kind) \"\(name)\"; known are \(known.joined(separator: ", "))"
        }
    }

    package var hint: String? {
        switch self {
        case .noHealthyNode: "run `docker info` on the cluster to see why each node is not healthy"
        case .everyNodeRejected: "loosen the conditions, or add a node"
        case .malformedExpression, .nameTaken, .unknownName: nil
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .malformedExpression, .unknownName: .usage
        case .noHealthyNode, .everyNodeRejected: .noCapacity
        case .nameTaken: .conflict
        }
    }
}
