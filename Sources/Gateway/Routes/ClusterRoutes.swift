// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// What Docker's API has no words for: nodes that take no more containers.
extension DockerRoutes {
    var clusterRoutes: [Route] {
        [
            Route(.POST, "cluster/nodes/{name}/cordon") { try await setAvailability(.cordoned, $0, $1) },
            Route(.POST, "cluster/nodes/{name}/drain", drain),
            Route(.POST, "cluster/nodes/{name}/uncordon") { try await setAvailability(.active, $0, $1) },
        ]
    }

    private func setAvailability(
        _ availability: NodeAvailability,
        _ request: GatewayRequest,
        _ responder: Responder
    ) async throws {
        let node = try node(request)
        try await cluster.setAvailability(availability, of: node.address)
        try await responder.send(json: JSONObject(description(of: node.address)).json)
    }

    /// Answers when all that can be moved is.
    private func drain(_ request: GatewayRequest, _ responder: Responder) async throws {
        let node = try node(request)
        let report = try await cluster.drain(node.address)
        let moved = report.moved.map { container -> JSON in
            [
                "Id": JSON(container.id), "Name": JSON(container.name), "Node": JSON(container.node),
                "NewId": JSON(container.newID),
            ]
        }
        let left = report.left.map { container -> JSON in
            [
                "Id": JSON(container.id), "Name": JSON(container.name), "Reason": JSON(container.reason),
                "HasPolicy": JSON(container.hasPolicy),
            ]
        }
        let fields = description(of: node.address) + [("Moved", JSON(moved)), ("Left", JSON(left))]
        try await responder.send(json: JSONObject(fields).json)
    }

    /// The node that the request names, by name, address, or id.
    private func node(_ request: GatewayRequest) throws(GatewayError) -> NodeState {
        guard let node = cluster.snapshot.node(request.name) else {
            throw .noSuchNode(request.name, known: cluster.snapshot.nodes.map(\.name))
        }
        return node
    }

    private func description(of address: String) -> [(String, JSON)] {
        let node = cluster.snapshot.node(address: address)
        return [
            ("Name", JSON(node?.name ?? "")), ("Address", JSON(address)),
            ("Status", JSON(node?.statusWord ?? "Removed")),
        ]
    }
}
