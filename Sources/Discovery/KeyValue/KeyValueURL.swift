// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI

/// `etcd://A,B/prefix`, `consul://A,B/prefix` or `zk://A,B/prefix`.
package struct KeyValueURL: Sendable, Equatable, CustomStringConvertible {
    /// The kind of server.
    package enum Kind: String, Sendable, CaseIterable {
        case etcd
        case consul
        case zooKeeper = "zk"

        var defaultPort: Int {
            switch self {
            case .etcd: 2379
            case .consul: 8500
            case .zooKeeper: 2181
            }
        }
    }

    package let kind: Kind
    /// Tried in this order.
    package let servers: [EngineAddress]
    /// Without `/` at its ends; may be empty.
    package let prefix: String

    /// Reads what follows `://`.
    ///
    /// - Throws: ``DiscoveryError/malformedURL(_:detail:)``.
    init(_ kind: Kind, parsing rest: String, url: String) throws(DiscoveryError) {
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var servers: [EngineAddress] = []
        for part in (parts.first ?? "").split(separator: ",", omittingEmptySubsequences: false) {
            guard let address = try? EngineAddress(parsing: String(part), defaultPort: kind.defaultPort),
                case .tcp = address
            else {
                throw .malformedURL(url, detail: "\"\(part)\" is no HOST:PORT")
            }
            servers.append(address)
        }
        guard let prefix = Self.path(parts.count > 1 ? parts[1] : "") else {
            throw .malformedURL(url, detail: "the prefix must be names with \"/\" between them")
        }
        self.kind = kind
        self.servers = servers
        self.prefix = prefix
    }

    package var description: String {
        let base = kind.rawValue + "://" + servers.map(\.description).joined(separator: ",")
        return prefix.isEmpty ? base : base + "/" + prefix
    }

    /// Joins `prefix` and `path`; the result has no `/` at its ends.
    func key(_ path: String) -> String {
        prefix.isEmpty ? path : prefix + "/" + path
    }

    /// A path without `/` at its ends; `nil` when a store or a URL could not carry it.
    static func path(_ text: some StringProtocol) -> String? {
        let segments = text.split(separator: "/", omittingEmptySubsequences: true)
        let isGood = segments.allSatisfy { segment in
            segment != "." && segment != ".."
                && segment.utf8.allSatisfy { byte in
                    (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "?") && byte != UInt8(ascii: "#")
                        && byte != UInt8(ascii: "%")
                }
        }
        return isGood ? segments.joined(separator: "/") : nil
    }
}

/// Where a cluster keeps what, as classic swarm does.
struct KeyValueLayout: Sendable {
    /// The folder of the members: `PREFIX/docker/swarm/nodes`.
    let members: String
    /// The key of the leader: `PREFIX/docker/swarm/leader`.
    let leader: String
    /// The folder of the managers' documents: `PREFIX/docker/swarm/documents`.
    private let documents: String

    /// - Throws: ``DiscoveryError/malformedOption(_:detail:)`` for a bad `kv.path`.
    init(_ url: KeyValueURL, options: DiscoveryOptions) throws(DiscoveryError) {
        let path = options.values["kv.path"] ?? "docker/swarm/nodes"
        guard let checked = KeyValueURL.path(path), !checked.isEmpty else {
            throw .malformedOption("kv.path=\(path)", detail: "names with \"/\" between them are expected")
        }
        members = url.key(checked)
        leader = url.key("docker/swarm/leader")
        documents = url.key("docker/swarm/documents")
    }

    /// The folder of documents, without a `/` at its end.
    func documents(in folder: String) -> String { documents + "/" + folder }

    func document(_ name: String, in folder: String) -> String { documents(in: folder) + "/" + name }

    /// The key of a member.
    func member(_ address: String) -> String { members + "/" + address }

    /// The address that `key` stands for; `nil` when it is none of a member.
    func address(ofKey key: String) -> String? {
        guard key.hasPrefix(members + "/") else {
            return nil
        }
        let name = key.dropFirst(members.utf8.count + 1)
        return name.isEmpty || name.contains("/") ? nil : String(name)
    }
}
