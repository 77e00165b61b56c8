// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import Scheduling
internal import SwarmCore

/// Builds, each on one node.
extension DockerRoutes {
    /// How long a session waits for the build that it belongs to.
    private static let sessionTime = Duration.seconds(3)
    /// The same for a client with connections that show no build.
    private static let shortSessionTime = Duration.milliseconds(500)

    var buildRoutes: [Route] {
        [
            Route(.POST, "build", build),
            Route(.POST, "build/cancel", cancelBuild),
            Route(.POST, "session", openSession),
            Route(.POST, "grpc") { request, responder in
                try await withBuilder(of: request) { try await call(request, to: $0).relay(to: responder) }
            },
        ]
    }

    private func build(_ request: GatewayRequest, _ responder: Responder) async throws {
        var request = request
        let arguments = try JSON(parsing: request["buildargs"].flatMap { $0.isEmpty ? nil : $0 } ?? "{}")
        let wanted = try placement(of: arguments, request)
        if request["buildargs"] != nil {
            request.set("buildargs", Self.plain(arguments).text)
        }
        if let session = request["session"], let address = sessions.address(of: session),
            let node = cluster.snapshot.node(address)
        {
            return try await build(request, on: node, responder)
        }
        let reservation = try cluster.reserve(wanted)
        defer { cluster.release(reservation) }
        guard let node = cluster.snapshot.node(reservation.address) else {
            throw GatewayError.nodeDown(node: reservation.nodeName, reason: "it has left the cluster")
        }
        if let session = request["session"] {
            sessions.assign(session, to: node.address)
        }
        try await build(request, on: node, responder)
    }

    private func build(_ request: GatewayRequest, on node: NodeState, _ responder: Responder) async throws {
        try await call(request, to: node).relay(to: responder)
        await cluster.refreshImages(on: node.address)
    }

    /// Opens the way back from a builder to the client, on the node of the build.
    private func openSession(_ request: GatewayRequest, _ responder: Responder) async throws {
        let session = request.headers.first(name: "X-Docker-Expose-Session-Uuid") ?? ""
        let time = builders.isOpen(request.host) ? Self.shortSessionTime : Self.sessionTime
        if let address = await sessions.address(of: session, within: time), let node = cluster.snapshot.node(address) {
            try await call(request, to: node).relay(to: responder)
            return
        }
        try await withBuilder(of: request) { node in
            sessions.assign(session, to: node.address)
            try await call(request, to: node).relay(to: responder)
        }
    }

    /// Runs `body` with the client's node, for what does not show the build that it belongs to.
    private func withBuilder(of request: GatewayRequest, _ body: (NodeState) async throws -> Void) async throws {
        let client = request.host
        let snapshot = cluster.snapshot
        let address = try builders.enter(
            client,
            isUsable: { snapshot.node($0)?.status == .healthy },
            choose: { try place(labels: [:]).address }
        )
        defer { builders.leave(client) }
        guard let node = cluster.snapshot.node(address) else {
            throw GatewayError.nodeDown(node: address, reason: "it has left the cluster")
        }
        try await body(node)
        await cluster.refreshImages(on: address)
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
