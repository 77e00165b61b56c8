// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// A command line that classic swarm refuses too, in its words where it has them.
package enum DaemonError: UserFacingError, Equatable {
    case usage(String)
    /// A listener cannot be opened.
    case cannotListen(address: String, reason: String)

    package var message: String {
        switch self {
        case .usage(let text): text
        case .cannotListen(let address, let reason): "cannot listen on \"\(address)\": \(reason)"
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .usage: .usage
        case .cannotListen: .failed
        }
    }
}
