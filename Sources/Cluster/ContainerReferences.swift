// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Scheduling

/// The containers and networks that a create request names, and the nodes in those names.
struct ContainerReferences {
    /// Whether what stands before a slash is a node.
    let isNode: (String) -> Bool
    private(set) var dependencies: [Dependency] = []
    private(set) var networks: [String] = []
    /// Nodes that stood before a slash.
    private(set) var nodes: Set<String> = []

    init(isNode: @escaping (String) -> Bool) {
        self.isNode = isNode
    }

    /// Collects the references of a `HostConfig`, and takes the nodes out of them.
    mutating func rewrite(_ host: inout JSONObject) {
        rewriteList("Links", of: &host, option: .link)
        rewriteList("VolumesFrom", of: &host, option: .volumesFrom)
        rewriteMode("PidMode", of: &host, option: .process)
        rewriteMode("IpcMode", of: &host, option: .ipc)
        rewriteMode("NetworkMode", of: &host, option: .network)
        if let mode = host["NetworkMode"]?.string, !mode.hasPrefix("container:"), isUserDefined(mode) {
            let name = withoutNode(mode)
            host["NetworkMode"] = JSON(name)
            networks.append(name)
        }
    }

    /// Collects the networks of `NetworkingConfig.EndpointsConfig`, and takes the nodes out of them.
    mutating func rewriteNetworks(_ config: inout JSONObject) {
        guard let networking = config["NetworkingConfig"], networking.isObject else {
            return
        }
        var outer = JSONObject(networking)
        outer.normalizeCase(of: ["EndpointsConfig"])
        guard var endpoints = outer["EndpointsConfig"].map({ JSONObject($0) }) else {
            return
        }
        for index in endpoints.members.indices where isUserDefined(endpoints.members[index].key) {
            let name = withoutNode(endpoints.members[index].key)
            endpoints.members[index].key = name
            if !networks.contains(name) {
                networks.append(name)
            }
        }
        outer["EndpointsConfig"] = endpoints.json
        config["NetworkingConfig"] = outer.json
    }

    /// Whether a network is one that somebody made, and so one that only some nodes have.
    private func isUserDefined(_ network: String) -> Bool {
        !["", "default", "bridge", "host", "none", "nat"].contains(network)
    }

    /// Rewrites `["db:alias"]`.
    private mutating func rewriteList(_ field: String, of host: inout JSONObject, option: Dependency.Option) {
        guard let list = host[field]?.strings, !list.isEmpty else {
            return
        }
        let rewritten = list.map { entry in
            let name = entry.prefix { $0 != ":" }
            let plain = withoutNode(String(name))
            dependencies.append(Dependency(option, container: plain))
            return plain + entry.dropFirst(name.count)
        }
        host[field] = JSON(rewritten)
    }

    /// Rewrites `container:db`.
    private mutating func rewriteMode(_ field: String, of host: inout JSONObject, option: Dependency.Option) {
        guard let mode = host[field]?.string, mode.hasPrefix("container:") else {
            return
        }
        let name = withoutNode(String(mode.dropFirst("container:".count)))
        dependencies.append(Dependency(option, container: name))
        host[field] = JSON("container:\(name)")
    }

    private mutating func withoutNode(_ reference: String) -> String {
        let plain = reference.drop { $0 == "/" }
        guard let slash = plain.firstIndex(of: "/"), isNode(String(plain[..<slash])) else {
            return String(plain)
        }
        nodes.insert(String(plain[..<slash]))
        return String(plain[plain.index(after: slash)...])
    }
}
