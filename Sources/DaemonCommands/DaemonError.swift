// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// A command line that classic swarm refuses too, in its words where it has them.
package enum DaemonError: UserFacingError, Equatable {
    case usage(String)
    /// The store has no way to elect a leader.
    case cannotElect(discovery: String)
    /// A listener cannot be opened.
    case cannotListen(address: String, reason: String)
    /// An agent says why its node is not registered.
    case notRegistered(String)

    package var message: String {
        switch self {
        case .usage(let text): text
        case .cannotElect(let discovery):
            "Leader election is only supported with consul, etcd and zookeeper discovery, not \"\(discovery)\""
        case .notRegistered(let reason): "the node is not registered: \(reason)"
        case .cannotListen(let address, let reason): "cannot listen on \"\(address)\": \(reason)"
        }
    }

    package var hint: String? {
        switch self {
        case .cannotElect(let discovery) where discovery.hasPrefix("swarm://"):
            "swarm:// keeps the members in one manager; use etcd://HOST:PORT,…/PREFIX, as "
                + "`swarmctl create cluster NAME --managers 3` sets it up"
        case .cannotElect: "use etcd://, consul:// or zk:// with HOST:PORT,…/PREFIX"
        case .usage, .cannotListen, .notRegistered: nil
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .usage, .cannotElect: .usage
        case .cannotListen: .failed
        case .notRegistered: .unreachable
        }
    }
}
