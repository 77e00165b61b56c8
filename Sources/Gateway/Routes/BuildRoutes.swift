// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import Scheduling
internal import SwarmCore

/// Builds, each on one node.
extension DockerRoutes {
    var buildRoutes: [Route] {
        [
            Route(.POST, "build", build),
            Route(.POST, "build/cancel", cancelBuild),
        ]
    }

    private func build(_ request: GatewayRequest, _ responder: Responder) async throws {
        var request = request
        let arguments = try JSON(parsing: request["buildargs"].flatMap { $0.isEmpty ? nil : $0 } ?? "{}")
        let wanted = try placement(of: arguments, request)
        if request["buildargs"] != nil {
            request.set("buildargs", Self.plain(arguments).text)
        }
        let reservation = try cluster.reserve(wanted)
        defer { cluster.release(reservation) }
        guard let node = cluster.snapshot.node(reservation.address) else {
            throw GatewayError.nodeDown(node: reservation.nodeName, reason: "it has left the cluster")
        }
        try await call(request, to: node).relay(to: responder)
        await cluster.refreshImages(on: node.address)
    }

    /// Where the build may run: by its arguments, and where the image was built before if possible.
    private func placement(of arguments: JSON, _ request: GatewayRequest) throws -> PlacementRequest {
        var wanted = try PlacementRequest(buildArguments: arguments.stringMap)
        if let tag = request["t"], !tag.isEmpty {
            wanted.image = tag
            wanted = wanted.preferringImage()
        }
        wanted.platform = request["platform"].flatMap { $0.isEmpty ? nil : $0 }
        return wanted
    }

    /// The arguments without those for the scheduler.
    private static func plain(_ arguments: JSON) -> JSON {
        arguments.rewriting { object in
            object.members.removeAll { member in
                ["constraint:", "affinity:", "whitelist:"].contains { member.key.hasPrefix($0) }
            }
        }
    }

    /// The build is on one node, and the others do not mind the question.
    private func cancelBuild(_ request: GatewayRequest, _ responder: Responder) async throws {
        let (path, query) = (EngineCall.path(request.segments), request.pairs)
        _ = await ask(cluster.snapshot.healthyNodes) { node in
            try await engine(for: node, request).call(.POST, path, query: query, deadline: .after(Self.listTime))
        }
        try await responder.send(status: 204)
    }
}
