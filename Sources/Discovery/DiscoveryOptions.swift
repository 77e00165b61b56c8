// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI

/// The values of `--discovery-opt`.
package struct DiscoveryOptions: Sendable, Equatable {
    /// `kv.cacertfile`, `kv.certfile` and `kv.keyfile`; `nil` without any of them.
    package private(set) var tls: TLSFiles?
    /// The other options, by name, for the stores that know them.
    package private(set) var values: [String: String] = [:]

    /// Reads `NAME=VALUE` pairs.
    ///
    /// - Throws: ``DiscoveryError/malformedOption(_:detail:)``.
    package init(_ options: [String] = []) throws(DiscoveryError) {
        let known = [
            "kv.cacertfile", "kv.certfile", "kv.keyfile", "kv.path", "kv.token", "kv.username", "kv.password",
        ]
        for option in options {
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[1].isEmpty else {
                throw .malformedOption(option, detail: "NAME=VALUE is expected")
            }
            guard known.contains(String(parts[0])) else {
                throw .malformedOption(option, detail: "known are \(known.joined(separator: ", "))")
            }
            values[String(parts[0])] = String(parts[1])
        }
        let authority = values["kv.cacertfile"]
        let certificate = values["kv.certfile"]
        let key = values["kv.keyfile"]
        guard (certificate == nil) == (key == nil) else {
            throw .malformedOption("kv.certfile", detail: "kv.certfile and kv.keyfile go together")
        }
        if authority != nil || certificate != nil {
            tls = TLSFiles(authority: authority, certificate: certificate, key: key)
        }
    }
}

extension DiscoveryOptions {
    /// `kv.username` and `kv.password`; `nil` without them.
    ///
    /// - Throws: ``DiscoveryError/malformedOption(_:detail:)`` when only one is there.
    func user() throws(DiscoveryError) -> (name: String, password: String)? {
        switch (values["kv.username"], values["kv.password"]) {
        case (nil, nil): return nil
        case (let name?, let password?): return (name, password)
        default: throw .malformedOption("kv.username", detail: "kv.username and kv.password go together")
        }
    }
}

extension KeyValueURL {
    /// The store behind the URL, which can also elect a leader and keep documents.
    ///
    /// - Throws: ``DiscoveryError`` for bad options, ``DockerAPIError`` for the files for TLS.
    package func store(options: DiscoveryOptions) throws -> any DiscoveryStore & LeaderElection & DocumentStore {
        switch kind {
        case .etcd: try EtcdStore(url: self, options: options)
        case .consul: try ConsulStore(url: self, options: options)
        case .zooKeeper: try ZooKeeperStore(url: self, options: options)
        }
    }
}

extension DiscoveryURL {
    /// The store as everybody but the manager that keeps it sees it.
    ///
    /// - Parameter options: of the command line.
    /// - Returns: a store that connects when it is first used.
    /// - Throws: ``DockerAPIError`` when the files for TLS cannot be used.
    package func store(options: DiscoveryOptions) throws -> any DiscoveryStore {
        switch self {
        case .nodes(let addresses):
            return NodesStore(addresses: addresses)
        case .file(let path):
            return FileStore(path: path)
        case .embedded(let managers, let cluster):
            let tls = try options.tls.map { try TLSContexts(files: $0) }
            let clients = managers.map { HTTPClient(address: $0, tls: tls) }
            return RemoteEmbeddedStore(clients: clients, cluster: cluster, url: description)
        case .keyValue(let url):
            return try url.store(options: options)
        case .token(let id, let managers):
            return try TokenStore(id: id, managers: managers, options: options)
        }
    }
}
