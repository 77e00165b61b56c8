// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Logging
internal import NIOHTTP1
internal import SwarmCore

/// Makes the local networks of a container on the node that it moves to, where they are missing.
struct NetworkSupply: Sendable {
    private static let callTime = Duration.seconds(30)

    let cluster: Cluster
    let move: Move

    /// Makes what is missing, like the network of the old node.
    ///
    /// - Throws: what the engine says against it.
    func bring(to node: NodeState) async throws {
        let there = Set(node.networks.map(\.name))
        let missing = move.networks.filter { name, network in
            !there.contains(name) && network["Scope"]?.string ?? "local" == "local"
        }
        guard !missing.isEmpty, let client = cluster.client(for: node.address) else {
            return
        }
        for (name, network) in missing.sorted(by: { $0.key < $1.key })
        where !["bridge", "host", "none"].contains(name) {
            do {
                _ = try await client.call(
                    .POST,
                    "/networks/create",
                    headers: ["Content-Type": "application/json"],
                    body: .json(body(name, network)),
                    deadline: .after(Self.callTime)
                )
                cluster.logger.info("made network", metadata: ["network": "\(name)", "node": "\(node.name)"])
            } catch DockerAPIError.refused(status: 409, _) {
                continue
            }
        }
        await cluster.refreshNetworks(on: node.address)
    }

    private func body(_ name: String, _ network: JSON) -> JSON {
        var body = JSONObject([("Name", JSON(name)), ("CheckDuplicate", true)])
        for field in ["Driver", "Options", "Labels", "Internal", "Attachable", "EnableIPv6"] {
            body[field] = network[field]
        }
        // Addresses that the container insists on need the same subnet; else the new node picks a free one.
        if hasFixedAddress(in: name) {
            body["IPAM"] = network["IPAM"]
        }
        return body.json
    }

    private func hasFixedAddress(in name: String) -> Bool {
        let fixed = move.inspection["NetworkSettings"]?["Networks"]?[name]?["IPAMConfig"]
        return fixed.map { !JSONObject($0).members.isEmpty } ?? false
    }
}
