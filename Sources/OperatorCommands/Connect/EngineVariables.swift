// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The environment variables that point the docker CLI, and all that follow it, to a cluster or machine.
package struct EngineVariables: Sendable, Equatable {
    /// The names that ``pairs`` has, for taking them back.
    package static let names = ["DOCKER_TLS_VERIFY", "DOCKER_HOST", "DOCKER_CERT_PATH", "SWARMCTL_NAME"]

    /// Names and values in the order they are printed.
    package private(set) var pairs: [(name: String, value: String)]

    /// - Parameters:
    ///   - target: the cluster or machine.
    ///   - certificates: the folder of ca.pem, cert.pem and key.pem.
    /// - Throws: as ``Target/url()``.
    package init(for target: Target, certificates: String) throws {
        let values = ["1", try target.url(), certificates, target.name]
        pairs = Array(zip(Self.names, values))
    }

    /// Points the docker CLI to another address of the same endpoint.
    package mutating func setHost(_ url: String) {
        pairs = pairs.map { $0.name == "DOCKER_HOST" ? ($0.name, url) : $0 }
    }

    /// Adds the variable that keeps the address out of an HTTP proxy.
    ///
    /// `no_proxy` or `NO_PROXY` is extended, whichever is there already; an address that is in it is not repeated.
    package mutating func addNoProxy(address: String, environment: [String: String]) {
        let (name, old) = Self.noProxy(in: environment)
        let hosts = old.split(separator: ",").map { $0.trimmingSpaces }
        let value = hosts.contains(address) ? old : (old.isEmpty ? address : "\(old),\(address)")
        pairs.append((name, value))
    }

    /// The variable for hosts without a proxy, and its value; `NO_PROXY` when there is none.
    package static func noProxy(in environment: [String: String]) -> (name: String, value: String) {
        if let value = environment["no_proxy"] {
            return ("no_proxy", value)
        }
        return ("NO_PROXY", environment["NO_PROXY"] ?? "")
    }

    package static func == (left: EngineVariables, right: EngineVariables) -> Bool {
        left.pairs.elementsEqual(right.pairs) { $0 == $1 }
    }
}

extension Substring {
    /// Without spaces at both ends.
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
