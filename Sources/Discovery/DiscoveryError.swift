// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// Why discovery cannot be used, or does not answer.
package enum DiscoveryError: UserFacingError, Equatable {
    /// The URL cannot be read; the detail says what is wrong with it.
    case malformedURL(String, detail: String)
    case unknownScheme(String, url: String)
    case malformedAddress(String, detail: String)
    case malformedOption(String, detail: String)
    /// The members are listed by hand, and nobody can register.
    case cannotRegister(url: String)
    /// The store answered, but not as it should.
    case storeFailed(url: String, reason: String)
    /// The store does not take our credentials, or does not allow the call.
    case denied(url: String, reason: String)
    /// No server of the store answers.
    case unreachable(url: String, reason: String)
    /// A manager keeps so many members, or tokens, that it takes no more.
    case storeIsFull
    case stateUnreadable(path: String, detail: String)

    package var message: String {
        switch self {
        case .malformedURL(let url, let detail): "invalid discovery URL \"\(url)\": \(detail)"
        case .unknownScheme(let scheme, let url): "invalid discovery URL \"\(url)\": unknown scheme \"\(scheme)\""
        case .malformedAddress(let address, let detail): "invalid address \"\(address)\": \(detail)"
        case .malformedOption(let option, let detail): "invalid discovery option \"\(option)\": \(detail)"
        case .cannotRegister(let url): "\"\(url)\" is a fixed list: nodes cannot register with it"
        case .storeFailed(let url, let reason): "discovery \"\(url)\" failed: \(reason)"
        case .denied(let url, let reason): "discovery \"\(url)\" refuses access: \(reason)"
        case .unreachable(let url, let reason): "discovery \"\(url)\" does not answer: \(reason)"
        case .storeIsFull: "discovery is full: too many members or tokens"
        case .stateUnreadable(let path, let detail): "cannot read the members kept in \"\(path)\": \(detail)"
        }
    }

    package var hint: String? {
        switch self {
        case .malformedURL, .unknownScheme:
            "use swarm://MANAGER:PORT/CLUSTER, nodes://HOST:PORT,…, file:///PATH, token://ID@MANAGER:PORT, or "
                + "etcd://, consul:// or zk:// with HOST:PORT,…/PREFIX"
        case .malformedAddress: "write HOST:PORT, as in 10.0.0.5:2376 or 10.0.0.[10:20]:2376"
        case .cannotRegister: "add the node to the list instead"
        case .stateUnreadable(let path, _): "move \"\(path)\" away; the agents register again by themselves"
        case .denied:
            "pass --discovery-opt kv.username=… and kv.password=…, kv.token=… for Consul, or for a manager "
                + "kv.certfile=… and kv.keyfile=… of the node itself"
        case .malformedOption, .storeFailed, .unreachable, .storeIsFull: nil
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .malformedURL, .unknownScheme, .malformedAddress, .malformedOption, .cannotRegister:
            .usage
        case .storeFailed, .stateUnreadable, .storeIsFull: .failed
        case .denied: .denied
        case .unreachable: .unreachable
        }
    }
}
