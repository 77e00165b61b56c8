// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI

/// A request that makes a container like one that was inspected.
struct ContainerRecipe {
    /// The body of a create request.
    let body: JSON
    /// Networks to connect the new container to before it starts, and how.
    let networks: [(name: String, endpoint: JSON)]

    /// Reads an inspection.
    ///
    /// - Parameters:
    ///   - inspection: the answer of `GET /containers/ID/json`.
    ///   - nodeCPUs: of the node it was on: the engine's CPU shares are parts of them, those of a request
    ///     are whole CPUs.
    ///   - labels: added to the container's.
    init(_ inspection: JSON, nodeCPUs: Int, labels: [String: String]) {
        let id = inspection["Id"]?.string ?? ""
        var config = JSONObject(inspection["Config"] ?? .emptyObject)
        var host = JSONObject(inspection["HostConfig"] ?? .emptyObject)
        let own = config["Labels"]?.stringMap ?? [:]
        config["Labels"] = JSON(own.merging(labels) { $1 })
        let mode = host["NetworkMode"]?.string ?? ""
        let isBorrowed = mode == "host" || mode.hasPrefix("container:")
        if isBorrowed || config["Hostname"]?.string == String(id.prefix(12)) {
            config["Hostname"] = nil
        }
        if isBorrowed {
            config["Domainname"] = nil
        }
        Self.rewrite(&host, nodeCPUs: nodeCPUs)

        var endpoints = Self.endpoints(inspection, id: id)
        if let named = endpoints.first(where: { $0.name == mode || Self.isID(mode, of: $0.network) }) {
            host["NetworkMode"] = JSON(named.name)
            endpoints.removeAll { $0.name == named.name }
            let first = JSONObject([(named.name, named.endpoint)]).json
            config["NetworkingConfig"] = JSONObject([("EndpointsConfig", first)]).json
        }
        config["HostConfig"] = host.json
        body = config.json
        networks = endpoints.map { (name: $0.name, endpoint: $0.endpoint) }
    }

    private static func rewrite(_ host: inout JSONObject, nodeCPUs: Int) {
        if let shares = host["CpuShares"]?.int, shares > 0, nodeCPUs > 0 {
            host["CpuShares"] = JSON(max(1, (min(shares, 1 << 20) * nodeCPUs + 512) / 1024))
        }
        // `/db:/web/alias` in an inspection is `db:alias` in a request.
        if let links = host["Links"]?.strings, !links.isEmpty {
            host["Links"] = JSON(
                links.map { link in
                    let sides = link.split(separator: ":", maxSplits: 1)
                    let name = (sides.first ?? "").drop { $0 == "/" }
                    let alias = sides.count > 1 ? sides[1].split(separator: "/").last ?? "" : name
                    return "\(name):\(alias)"
                }
            )
        }
    }

    private static func isID(_ mode: String, of network: JSON) -> Bool {
        mode.count >= 12 && network["NetworkID"]?.string?.hasPrefix(mode) == true
    }

    /// The networks that somebody made, with what a request may say about them.
    private static func endpoints(_ inspection: JSON, id: String) -> [(name: String, endpoint: JSON, network: JSON)] {
        let all = JSONObject(inspection["NetworkSettings"]?["Networks"] ?? .emptyObject).members
        return all.filter { !["bridge", "host", "none", "nat"].contains($0.key) }.map { name, network in
            var endpoint = JSONObject()
            for field in ["IPAMConfig", "Links", "DriverOpts"] {
                endpoint[field] = network[field]
            }
            let aliases = (network["Aliases"]?.strings ?? []).filter { $0 != String(id.prefix(12)) }
            if !aliases.isEmpty {
                endpoint["Aliases"] = JSON(aliases)
            }
            return (name: name, endpoint: endpoint.json, network: network)
        }
    }
}
