// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// Exec instances, which have no place in the cluster's state: the manager remembers their nodes.
extension DockerRoutes {
    var execRoutes: [Route] {
        [
            Route(.POST, "containers/{name}/exec", createExec),
            Route(.POST, "exec/{id}/start", startExec),
            Route(.POST, "exec/{id}/resize") { try await passOnExec($0, $1, tail: "resize") },
            Route(.GET, "exec/{id}/json") { try await passOnExec($0, $1, tail: "json") },
        ]
    }

    private func createExec(_ request: GatewayRequest, _ responder: Responder) async throws {
        let (call, _) = try containerCall(request, tail: ["exec"])
        try await call.run { response in
            let body = try await response.collect()
            if response.status < 300, let id = (try? JSON(parsing: body))?["Id"]?.string {
                execs.remember(id, on: call.node.address)
            }
            try await EngineCall.send(response, body: body, to: responder)
        }
    }

    /// The small body is read whole: behind it the connection becomes a raw stream.
    private func startExec(_ request: GatewayRequest, _ responder: Responder) async throws {
        let node = try await node(ofExec: request.name, request)
        var call = try call(request, to: node)
        let body = try await request.bytes()
        call.body = body.isEmpty ? .none : .bytes(body)
        try await call.relay(to: responder)
    }

    private func passOnExec(_ request: GatewayRequest, _ responder: Responder, tail: String) async throws {
        let node = try await node(ofExec: request.name, request)
        try await call(request, to: node).relay(to: responder)
    }

    private func node(ofExec id: String, _ request: GatewayRequest) async throws -> NodeState {
        let nodes = cluster.snapshot.healthyNodes
        if let address = execs.address(of: id), let node = cluster.snapshot.node(address) {
            return node
        }
        let path = EngineCall.path(["exec", id, "json"])
        let answers = await ask(nodes, skipsSilent: true) { node in
            try await engine(for: node, request).call(.GET, path, deadline: .after(Self.listTime))
        }
        guard let found = answers.first(where: { (try? $0.result.get()) != nil })?.node else {
            throw GatewayError.noSuchExec(id)
        }
        execs.remember(id, on: found.address)
        return found
    }
}
