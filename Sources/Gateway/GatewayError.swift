// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
package import SwarmCore

/// A request that the manager itself refuses.
package enum GatewayError: UserFacingError, Equatable {
    case noSuchRoute
    /// The role of the caller, or what was made with it, does not allow this; the text says who and what.
    case notAllowed(String)
    /// Something in the request is wrong; the text says what.
    case badRequest(String)
    case noSuchContainer(String)
    case noSuchImage(String)
    case noSuchNetwork(String)
    case noSuchVolume(String)
    case noSuchExec(String)
    /// No node has that name, address or id; the names that there are.
    case noSuchNode(String, known: [String])
    /// A prefix or name with several holders, in the order to show.
    case ambiguous(kind: String, reference: String, candidates: [String])
    /// The node that has the object does not answer; `reason` says why.
    case nodeDown(node: String, reason: String)
    /// No healthy node in the cluster.
    case noHealthyNode
    /// The client speaks a version that the engines do not.
    case versionTooNew(requested: String, highest: String)
    case versionTooOld(requested: String, lowest: String)
    /// A route of swarm mode.
    case notSwarmMode
    /// No manager has led for as long as a request waits; `reason` says what was seen last.
    case noLeader(reason: String)
    /// The leader went away while it worked on the request, which it may or may not have done.
    case leaderLost(String)
    /// There are as many connections as there may be.
    case tooManyConnections
    /// The request did not arrive in time.
    case requestTimeout
    /// Several nodes failed; one line each.
    case nodesFailed([String])

    package var message: String {
        switch self {
        case .noSuchRoute: "page not found"
        case .badRequest(let text), .notAllowed(let text): text
        case .noSuchContainer(let name): "No such container: \(name)"
        case .noSuchImage(let name): "No such image: \(name)"
        case .noSuchNetwork(let name): "network \(name) not found"
        case .noSuchVolume(let name): "get \(name): no such volume"
        case .noSuchExec(let id): "No such exec instance: \(id)"
        case .noSuchNode(let name, let known):
            "no node named \"\(name)\"; known are: \(known.joined(separator: ", "))"
        case .ambiguous(let kind, let reference, let candidates):
            "multiple \(kind)s found for \"\(reference)\": \(candidates.joined(separator: ", "))"
        case .nodeDown(let node, let reason): "node \"\(node)\" does not answer: \(reason)"
        case .noHealthyNode: "No healthy node available in the cluster"
        case .versionTooNew(let requested, let highest):
            "client version \(requested) is too new. Maximum supported API version is \(highest)"
        case .versionTooOld(let requested, let lowest):
            "client version \(requested) is too old. Minimum supported API version is \(lowest), "
                + "please upgrade your client to a newer version"
        case .notSwarmMode:
            "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" "
                + "to connect this node to swarm and try again."
        case .noLeader(let reason): "no manager leads the cluster: \(reason)"
        case .leaderLost(let address):
            "the leading manager \"\(address)\" was lost during the call; look whether it was done before trying again"
        case .tooManyConnections: "too many connections of clients; try again later"
        case .requestTimeout: "the request did not arrive in time"
        case .nodesFailed(let lines): lines.joined(separator: "; ")
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .noSuchRoute, .noSuchContainer, .noSuchImage, .noSuchNetwork, .noSuchVolume, .noSuchExec, .noSuchNode:
            .notFound
        case .notAllowed: .denied
        case .badRequest, .ambiguous, .versionTooNew, .versionTooOld, .requestTimeout: .usage
        case .nodeDown, .noHealthyNode, .tooManyConnections, .notSwarmMode, .noLeader, .leaderLost: .unreachable
        case .nodesFailed: .failed
        }
    }
}

/// The status and text of the reply that reports an error.
struct ErrorReply {
    let status: Int
    let message: String

    init(_ error: any Error) {
        message = ErrorReport(error).message
        switch error {
        case DockerAPIError.refused(let status, _): self.status = status
        case DockerAPIError.tooLarge(what: "the header", _): status = 431
        case DockerAPIError.tooLarge: status = 413
        case GatewayError.requestTimeout: status = 408
        case GatewayError.noHealthyNode: status = 500
        case DockerAPIError.cannotConnect, DockerAPIError.handshakeFailed, DockerAPIError.connectionLost: status = 500
        default: status = ErrorReport(error).kind.httpStatus
        }
    }
}
