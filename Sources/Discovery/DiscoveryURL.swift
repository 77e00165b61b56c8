// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI

/// Where the members of a cluster are kept, as classic swarm writes it.
package enum DiscoveryURL: Sendable, Equatable, CustomStringConvertible {
    /// `nodes://A,B` or a bare list, ranges expanded.
    case nodes([String])
    /// `file:///path`.
    case file(path: String)
    /// `swarm://MANAGER:PORT[,…]/CLUSTER`: the manager keeps them itself.
    case embedded(managers: [EngineAddress], cluster: String)
    /// `etcd://`, `consul://` and `zk://`.
    case keyValue(KeyValueURL)
    /// `token://ID[@MANAGER:PORT,…]`; without a manager, the one that reads it keeps the members.
    case token(String, managers: [EngineAddress])

    /// Reads a URL.
    ///
    /// - Throws: ``DiscoveryError``; always of the usage kind.
    package init(parsing text: String) throws(DiscoveryError) {
        guard let mark = text.firstRange(of: "://") else {
            self = .nodes(try AddressList.parse(text))
            return
        }
        let scheme = text[..<mark.lowerBound].lowercased()
        let rest = String(text[mark.upperBound...])
        switch scheme {
        case "nodes":
            self = .nodes(try AddressList.parse(rest))
        case "file":
            guard rest.hasPrefix("/"), rest.count > 1 else {
                throw .malformedURL(text, detail: "a path that begins with \"/\" is expected after \"file://\"")
            }
            self = .file(path: rest)
        case "swarm":
            self = try Self.embedded(rest, url: text)
        case "token":
            self = try Self.token(rest, url: text)
        default:
            if let kind = KeyValueURL.Kind(rawValue: scheme) {
                self = .keyValue(try KeyValueURL(kind, parsing: rest, url: text))
                return
            }
            throw .unknownScheme(scheme, url: text)
        }
    }

    package var description: String {
        switch self {
        case .nodes(let addresses): "nodes://" + addresses.joined(separator: ",")
        case .file(let path): "file://" + path
        case .embedded(let managers, let cluster):
            "swarm://" + managers.map(\.description).joined(separator: ",") + "/" + cluster
        case .keyValue(let url): url.description
        case .token(let id, let managers):
            managers.isEmpty
                ? "token://" + id : "token://" + id + "@" + managers.map(\.description).joined(separator: ",")
        }
    }

    /// Whether nodes can register, rather than being listed by hand.
    package var acceptsRegistrations: Bool {
        switch self {
        case .nodes, .file: false
        case .embedded, .keyValue, .token: true
        }
    }

    /// The cluster whose members the manager that is given this URL keeps itself; `nil` for other stores.
    package var embeddedCluster: String? {
        switch self {
        case .embedded(_, let cluster): cluster
        case .token(let id, let managers): managers.isEmpty ? id : nil
        case .nodes, .file, .keyValue: nil
        }
    }

    /// Whether the store can elect a leader.
    package var canElect: Bool {
        if case .keyValue = self {
            return true
        }
        return false
    }

    /// The managers in `HOST:PORT[,…]`, with or without `token://` before them.
    ///
    /// - Throws: ``DiscoveryError/malformedURL(_:detail:)``.
    package static func managers(parsing text: String) throws(DiscoveryError) -> [EngineAddress] {
        try addresses(text.hasPrefix("token://") ? text.dropFirst("token://".count) : text[...], url: text)
    }

    private static func token(_ rest: String, url: String) throws(DiscoveryError) -> DiscoveryURL {
        let parts = rest.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, let id = parts.first, isClusterName(id) else {
            throw .malformedURL(url, detail: "ID@MANAGER:PORT is expected after \"token://\"")
        }
        let managers = parts.count == 2 ? try addresses(parts[1], url: url) : []
        return .token(String(id), managers: managers)
    }

    private static func embedded(_ rest: String, url: String) throws(DiscoveryError) -> DiscoveryURL {
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, isClusterName(parts[1]) else {
            throw .malformedURL(url, detail: "MANAGER:PORT/CLUSTER is expected after \"swarm://\"")
        }
        return .embedded(managers: try addresses(parts[0], url: url), cluster: String(parts[1]))
    }

    private static func addresses(_ list: Substring, url: String) throws(DiscoveryError) -> [EngineAddress] {
        var managers: [EngineAddress] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let address = try? EngineAddress(parsing: String(part)), case .tcp = address else {
                throw .malformedURL(url, detail: "\"\(part)\" is no HOST:PORT")
            }
            managers.append(address)
        }
        return managers
    }

    /// What fits a file name and a URL's path as it is.
    static func isClusterName(_ name: some StringProtocol) -> Bool {
        (1...128).contains(name.utf8.count) && !name.hasPrefix(".")
            && name.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
            }
    }
}
