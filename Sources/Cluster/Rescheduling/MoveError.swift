// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

/// Why a container was not placed again.
enum MoveError: UserFacingError, Equatable {
    /// The engine chosen refused.
    case refused(node: String, message: String)
    /// What became of an attempt is known only when that node answers.
    case waiting(node: String)
    /// The old container could not be stopped.
    case notStopped(message: String)

    var message: String {
        switch self {
        case .refused(let node, let message): "node \"\(node)\" refused: \(message)"
        case .waiting(let node): "the new container may be on node \"\(node)\", which does not answer now"
        case .notStopped(let message): "the old container could not be stopped: \(message)"
        }
    }

    var kind: ErrorKind {
        switch self {
        case .refused, .notStopped: .failed
        case .waiting: .unreachable
        }
    }
}
