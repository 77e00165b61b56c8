// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// Plugins: the same on all nodes, and changed on all at once.
extension DockerRoutes {
    var pluginRoutes: [Route] {
        let changes = ["enable", "disable", "set"].map { Route(.POST, "plugins/{name}/\($0)", changePlugin) }
        return changes + [
            Route(.GET, "plugins", listPlugins),
            Route(.GET, "plugins/privileges") { try await call($0, to: anyNode()).relay(to: $1) },
            Route(.GET, "plugins/{name}/json", askForPlugin), Route(.POST, "plugins/{name}/push", askForPlugin),
            Route(.DELETE, "plugins/{name}", changePlugin),
            Route(.POST, "plugins/pull", bringPlugin), Route(.POST, "plugins/create", bringPlugin),
            Route(.POST, "plugins/{name}/upgrade", bringPlugin),
        ]
    }

    private func bringPlugin(_ request: GatewayRequest, _ responder: Responder) async throws {
        try await onAllNodes(request, responder, nodes: cluster.snapshot.healthyNodes, emptyStatus: 204)
    }

    /// One element for each name; its id is that of the first node that has it.
    private func listPlugins(_ request: GatewayRequest, _ responder: Responder) async throws {
        guard !cluster.snapshot.healthyNodes.isEmpty else {
            return try await responder.send(json: [])
        }
        var seen = Set<String>()
        let plugins = try await collect(request, for: responder).flatMap(\.json.elements)
        try await responder.send(json: JSON(plugins.filter { seen.insert($0["Name"]?.string ?? "").inserted }))
    }

    private func askForPlugin(_ request: GatewayRequest, _ responder: Responder) async throws {
        try await onFirst([try anyNode()] + cluster.snapshot.healthyNodes.dropFirst(), request, responder)
    }

    private func changePlugin(_ request: GatewayRequest, _ responder: Responder) async throws {
        _ = try anyNode()
        try await onEvery(cluster.snapshot.healthyNodes, request, body: try await request.bytes()) { replies in
            guard let reply = replies.first else {
                throw GatewayError.noHealthyNode
            }
            try await responder.send(status: reply.status, headers: Self.plain(reply), bytes: reply.body)
        }
    }
}
