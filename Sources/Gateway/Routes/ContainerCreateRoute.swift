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
    /// How long an engine may take to create a container.
    private static let createTime = Duration.seconds(120)

    var createRoutes: [Route] {
        [Route(.POST, "containers/create", createContainer)]
    }

    private func createContainer(_ request: GatewayRequest, _ responder: Responder) async throws {
        let snapshot = cluster.snapshot
        let creation = try ContainerCreation(
            name: request["name"],
            platform: request["platform"].flatMap { $0.isEmpty ? nil : $0 },
            body: try await request.bytes(),
            nodeNames: Set(snapshot.nodes.map(\.name))
        )
        let wanted = creation.request
        let isKnown = snapshot.healthyNodes.contains { $0.image(wanted.image) != nil }
        let placement = isKnown ? wanted.preferringImage() : wanted
        var failed: Set<String> = []
        while true {
            let reservation = try cluster.reserve(placement, excluding: failed)
            do {
                let reply = try await create(creation, on: reservation, request)
                return try await responder.send(status: reply.status, headers: Self.plain(reply), bytes: reply.body)
            } catch let error as DockerAPIError {
                // A node that cannot even be dialled has created nothing: another one may.
                guard case .cannotConnect = error, failed.count < snapshot.nodes.count else {
                    throw error
                }
                logger.info(
                    "placement failed",
                    metadata: ["node": "\(reservation.nodeName)", "error": "\(error.message)"]
                )
                failed.insert(reservation.address)
            }
        }
    }

    /// Creates on the node of the reservation, and commits or releases it, whatever happens.
    private func create(
        _ creation: ContainerCreation,
        on reservation: Reservation,
        _ request: GatewayRequest
    ) async throws -> HTTPReply {
        do {
            guard let node = cluster.snapshot.node(reservation.address) else {
                throw GatewayError.nodeDown(node: reservation.nodeName, reason: "it has left the cluster")
            }
            var reply = try await sendCreate(creation, to: node, request)
            if Self.lacksImage(reply), try await pull(creation.request, to: node, request) {
                reply = try await sendCreate(creation, to: node, request)
            }
            guard reply.status < 300, let id = try? reply.json()["Id"]?.string else {
                cluster.release(reservation)
                return reply
            }
            await cluster.commit(reservation, containerID: id)
            metrics.recordPlacement()
            logger.info(
                "placed container",
                metadata: ["container": "\(id.prefix(12))", "node": "\(node.name)", "request": "\(request.id)"]
            )
            return reply
        } catch {
            cluster.release(reservation)
            throw error
        }
    }

    private func sendCreate(
        _ creation: ContainerCreation,
        to node: NodeState,
        _ request: GatewayRequest
    ) async throws -> HTTPReply {
        var query = request.pairs.filter { $0.0 != "name" }
        if !creation.request.name.isEmpty {
            query.append(("name", creation.request.name))
        }
        let engine = try engine(for: node, request)
        return try await engine.http.reply(
            to: HTTPRequest(
                .POST,
                engine.path("/containers/create"),
                query: query,
                headers: ["Content-Type": "application/json"]
            ),
            body: .json(creation.body(for: node)),
            deadline: .after(Self.createTime)
        )
    }

    /// Whether the engine has refused for want of the image, and of nothing else.
    private static func lacksImage(_ reply: HTTPReply) -> Bool {
        reply.status == 404
            && HTTPReply.errorMessage(in: reply.body, status: 404).lowercased().contains("no such image")
    }

    /// Pulls the image on a node; false when that fails, as the engine's first answer says enough.
    private func pull(_ wanted: PlacementRequest, to node: NodeState, _ request: GatewayRequest) async throws -> Bool {
        let engine = try engine(for: node, request)
        var headers = HTTPHeaders()
        if let secret = request.headers.first(name: "x-registry-auth") {
            headers.add(name: "X-Registry-Auth", value: secret)
        }
        var query = [("fromImage", ImageReference.normalized(wanted.image))]
        if let platform = wanted.platform {
            query.append(("platform", platform))
        }
        let pull = HTTPRequest(.POST, engine.path("/images/create"), query: query, headers: headers)
        do {
            return try await engine.http.withResponse(to: pull) { response in
                try await response.check()
                var lines = JSONLines()
                var isPulled = true
                while let bytes = try await response.read() {
                    for line in try lines.append(bytes) where line["errorDetail"] != nil || line["error"] != nil {
                        isPulled = false
                    }
                }
                await cluster.refreshImages(on: node.address)
                return isPulled
            }
        } catch let error as DockerAPIError {
            logger.info("pull failed", metadata: ["node": "\(node.name)", "error": "\(error.message)"])
            return false
        }
    }

    private static func plain(_ reply: HTTPReply) -> HTTPHeaders {
        ["Content-Type": reply.headers.first(name: "content-type") ?? "application/json"]
    }
}
