// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI

/// What changes in an engine's description of a container on its way to the client.
enum ContainerRewriting {
    /// Adds `Node`, and makes published addresses ones that the client can reach.
    static func inspection(_ json: JSON, node: NodeState) -> JSON {
        json.rewriting { object in
            object["Node"] = describe(node)
            object["NetworkSettings"] = object["NetworkSettings"]?.rewriting { settings in
                settings["Ports"] = settings["Ports"].map { ports(inspected: $0, host: node.host) }
            }
        }
    }

    /// Names the container after its node, and makes published addresses ones that can be reached.
    ///
    /// - Parameters:
    ///   - json: an element of the engine's list.
    ///   - node: that has the container.
    ///   - status: the line for people, at this moment.
    ///   - names: how containers are named.
    /// - Returns: the element for the client.
    static func summary(
        _ json: JSON,
        node: NodeState,
        status: String,
        names: GatewayConfiguration.ContainerNames
    ) -> JSON {
        json.rewriting { object in
            if names == .node {
                let old = object["Names"]?.strings ?? []
                object["Names"] = JSON(old.map { "/\(node.name)\($0.hasPrefix("/") ? "" : "/")\($0)" })
            }
            object["Status"] = JSON(status)
            object["Ports"] = object["Ports"].map { ContainerListing.ports($0, host: node.host) }
        }
    }

    private static func describe(_ node: NodeState) -> JSON {
        [
            "ID": JSON(node.engineID), "IP": JSON(node.host), "Addr": JSON(node.address), "Name": JSON(node.name),
            "Cpus": JSON(node.info?.cpus ?? 0), "Memory": JSON(node.info?.memory ?? 0),
            "Labels": JSON(node.info?.labels ?? [:]),
        ]
    }

    /// `{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"32768"}],"81/tcp":null}`, IPv4 first.
    private static func ports(inspected json: JSON, host: String) -> JSON {
        json.rewriting { ports in
            for index in ports.members.indices where ports.members[index].value.isArray {
                let bindings = ports.members[index].value.elements
                let sorted =
                    bindings.filter { !ContainerListing.isIPv6($0["HostIp"]) }
                    + bindings.filter { ContainerListing.isIPv6($0["HostIp"]) }
                let rewritten = sorted.map { binding in
                    binding.rewriting { $0["HostIp"] = ContainerListing.address($0["HostIp"], host: host) }
                }
                ports.members[index].value = JSON(ContainerListing.withoutDoubles(rewritten))
            }
        }
    }
}
