// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines
internal import PKI
internal import Provisioning
internal import SecureShell
internal import SwarmCore

extension ClusterSpec {
    /// The strategies that the manager knows.
    package static let strategies = ["spread", "binpack", "random"]

    /// Checks all that can be checked without a look at any host.
    ///
    /// - Throws: ``LifecycleError/badSpec(field:problem:)`` or a name's error, for the first thing that is wrong.
    package func validate() throws {
        if let problem = ObjectName.problem(with: name) {
            throw MachineError.badName(kind: "cluster", name: name, problem: problem)
        }
        guard !MachineStore.isImplicit(name) else {
            throw MachineError.badName(
                kind: "cluster",
                name: name,
                problem: "it is the cluster of machines that were made without one"
            )
        }
        try validateSize()
        try validateHosts()
        guard Self.strategies.contains(where: { strategy == $0 || strategy.hasPrefix("\($0):") }) else {
            throw LifecycleError.badSpec(
                field: "strategy",
                problem: "\"\(strategy)\" is none of \(Self.strategies.joined(separator: ", "))"
            )
        }
        guard (1...3650).contains(certificateDays) else {
            throw LifecycleError.badSpec(field: "days", problem: "\(certificateDays) is not between 1 and 3650")
        }
        guard (1...65535).contains(managerPort) else {
            throw LifecycleError.badSpec(field: "manager-port", problem: "\(managerPort) is not between 1 and 65535")
        }
        guard KeyType(rawValue: keyType) != nil else {
            throw LifecycleError.badSpec(
                field: "key-type",
                problem: "\"\(keyType)\" is none of \(KeyType.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        guard EngineInstall(parsing: engine.install) != nil else {
            throw LifecycleError.badSpec(
                field: "engine-install",
                problem: "\"\(engine.install)\" is none of package, none, script=URL,sha256=HEX"
            )
        }
        for network in allowFrom where !Self.isNetwork(network) {
            throw LifecycleError.badSpec(
                field: "allow-from",
                problem: "\"\(network)\" is not a network such as 10.0.0.0/8"
            )
        }
    }

    /// Whether the managers run the store that they are elected in.
    package var hasOwnStore: Bool { managers > 1 && discovery == nil }

    private static let electingSchemes = ["etcd://", "consul://", "zk://"]

    /// Whether `text` is whole seconds or minutes, at least two seconds.
    private static func isTime(_ text: String) -> Bool {
        guard let unit = text.last, unit == "s" || unit == "m", let count = Int(text.dropLast()) else {
            return false
        }
        return (unit == "m" ? 1...60 : 2...3600).contains(count)
    }

    /// How many machines there will be.
    package var size: Int { hosts.isEmpty ? nodes : hosts.count }

    private func validateSize() throws {
        guard size >= 1 else {
            throw LifecycleError.badSpec(field: "nodes", problem: "a cluster has at least 1 node, not \(nodes)")
        }
        guard size <= 1000 else {
            throw LifecycleError.badSpec(
                field: "nodes",
                problem: "\(size) is more than the 1000 that one command makes"
            )
        }
        guard (1...size).contains(managers) else {
            throw LifecycleError.badSpec(
                field: "managers",
                problem: "\(managers) is not between 1 and the number of nodes, \(size)"
            )
        }
        if managers > 1, let discovery, !Self.electingSchemes.contains(where: { discovery.hasPrefix($0) }) {
            throw LifecycleError.badSpec(
                field: "managers",
                problem:
                    "several managers cannot be elected with \"\(discovery)\": take \(Self.electingSchemes.joined(separator: ", ")), "
                    + "or no --discovery for a store on the managers themselves"
            )
        }
        if let ttl = replicationTTL, !Self.isTime(ttl) {
            throw LifecycleError.badSpec(
                field: "replication-ttl",
                problem: "\"\(ttl)\" is not a time of at least 2s, such as 20s or 1m"
            )
        }
    }

    private func validateHosts() throws {
        var seen: Set<String> = []
        for host in hosts {
            guard seen.insert("\(host.host):\(host.port ?? 22)").inserted else {
                throw LifecycleError.badSpec(field: "host", problem: "\(host) is given twice")
            }
        }
    }

    private static func isNetwork(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = parts.first, !address.isEmpty else {
            return false
        }
        let isV6 = address.contains(":")
        if parts.count == 2 {
            guard let bits = Int(parts[1]), (0...(isV6 ? 128 : 32)).contains(bits) else {
                return false
            }
        }
        if isV6 {
            return address.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        }
        let octets = address.split(separator: ".", omittingEmptySubsequences: false)
        return octets.count == 4 && octets.allSatisfy { UInt8($0) != nil }
    }
}
