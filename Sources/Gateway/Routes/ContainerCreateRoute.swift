// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import Logging
internal import NIOHTTP1
internal import Scheduling
internal import SwarmCore

/// Creating containers: placed by the scheduler, created by the engine chosen.
extension DockerRoutes {
    var createRoutes: [Route] {
        [Route(.POST, "containers/create", createContainer)]
    }

    private func createContainer(_ request: GatewayRequest, _ responder: Responder) async throws {
        // Refused before the body is read, so that it can go to another manager.
        guard let term = cluster.leadership.term else {
            throw LeadershipError.notLeading
        }
        let snapshot = cluster.snapshot
        let body = try await request.bytes()
        let creation = try ContainerCreation(
            name: request["name"],
            platform: request["platform"].flatMap { $0.isEmpty ? nil : $0 },
            body: body,
            isNode: { snapshot.hasNode(named: $0) }
        )
        var options = ContainerPlacer.Options()
        options.query = request.pairs.filter { $0.0 != "name" }
        options.version = request.version ?? snapshot.offeredVersions.highest
        options.registrySecret = request.headers.first(name: "x-registry-auth")
        options.term = term
        let outcome = try await ContainerPlacer(cluster).create(creation, options)
        request.trail.note(outcome.node.name)
        if let id = outcome.containerID {
            try await CreationCheck(cluster: cluster)
                .verify(id, on: outcome.node, madeWith: try JSON(parsing: body), for: request.caller)
            metrics.recordPlacement()
            logger.info(
                "placed container",
                metadata: [
                    "container": "\(id.prefix(12))", "node": "\(outcome.node.name)", "request": "\(request.id)",
                    "term": "\(term)",
                ]
            )
        }
        let reply = outcome.reply
        try await responder.send(status: reply.status, headers: Self.plain(reply), bytes: reply.body)
    }

    /// The headers for an answer that was taken whole.
    static func plain(_ reply: HTTPReply) -> HTTPHeaders {
        ["Content-Type": reply.headers.first(name: "content-type") ?? "application/json"]
    }
}
