// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import Scheduling
internal import SwarmCore

/// Routes of one container that its engine answers.
extension DockerRoutes {
    var containerRoutes: [Route] {
        let reads = ["top", "changes", "export", "archive", "attach/ws", "checkpoints"].map { tail in
            Route(.GET, "containers/{name}/\(tail)") { try await passOn($0, $1, tail: tail) }
        }
        let streams = ["attach", "resize", "copy"].map { tail in
            Route(.POST, "containers/{name}/\(tail)") { try await passOn($0, $1, tail: tail) }
        }
        let changes = ["start", "stop", "restart", "pause", "unpause", "update", "checkpoints"].map { tail in
            Route(.POST, "containers/{name}/\(tail)") { try await change($0, $1, tail: tail) }
        }
        return reads + streams + changes + [
            Route(.HEAD, "containers/{name}/archive") { try await passOn($0, $1, tail: "archive") },
            Route(.PUT, "containers/{name}/archive") { try await passOn($0, $1, tail: "archive") },
            Route(.GET, "containers/{name}/json", inspectContainer),
            Route(.POST, "containers/{name}/kill", kill), Route(.POST, "containers/{name}/rename", renameContainer),
            Route(.DELETE, "containers/{name}", removeContainer),
            Route(.POST, "commit", commit),
        ]
    }

    /// Passes the request on as it is, streams included.
    private func passOn(_ request: GatewayRequest, _ responder: Responder, tail: String) async throws {
        let (call, _) = try containerCall(request, tail: tail.split(separator: "/").map { String($0) })
        try await call.relay(to: responder)
    }

    /// Passes on a request that changes the container, and looks at the container before the client
    /// is answered: its next `ps` shows the change.
    private func change(_ request: GatewayRequest, _ responder: Responder, tail: String) async throws {
        let (call, container) = try containerCall(request, tail: [tail])
        let before = container.run?.startedAt
        try await change(call, container.id, responder) { now in
            tail == "start" && now?.summary.state == "running" && now?.run != nil && now?.run?.startedAt != before
        }
    }

    /// As above, of the container with this id; `isShown` tells whether what is known of it has the change already.
    func change(
        _ call: EngineCall,
        _ id: String,
        _ responder: Responder,
        isShown: @escaping @Sendable (ContainerState?) -> Bool = { _ in false }
    ) async throws {
        try await whileThere(call.node) {
            try await call.run(isShort: true) { response in
                let body = try await response.collect()
                if response.status < 400 {
                    await cluster.refreshContainer(id, on: call.node.address, unless: isShown)
                }
                try await EngineCall.send(response, body: body, to: responder)
            }
        }
    }

    private func removeContainer(_ request: GatewayRequest, _ responder: Responder) async throws {
        let segments = request.segments
        guard segments.count >= 4, segments[segments.count - 2] == "checkpoints" else {
            let (call, container) = try containerCall(request, tail: [])
            return try await change(call, container.id, responder)
        }
        var named = request
        named.name = segments[1..<(segments.count - 2)].joined(separator: "/")
        let (call, container) = try containerCall(named, tail: Array(segments.suffix(2)))
        try await change(call, container.id, responder)
    }

    private func inspectContainer(_ request: GatewayRequest, _ responder: Responder) async throws {
        let (call, _) = try containerCall(request, tail: ["json"])
        try await whileThere(call.node) {
            try await call.rewrite(to: responder) { ContainerRewriting.inspection($0, node: call.node) }
        }
    }

    /// Renames, when no other container of the cluster has the name.
    private func renameContainer(_ request: GatewayRequest, _ responder: Responder) async throws {
        let (renaming, container) = try containerCall(request, tail: ["rename"])
        var call = renaming
        guard let wanted = request["name"] else {
            return try await change(call, container.id, responder)
        }
        // The list shows `NODE/NAME`, so a new name may come in that form.
        let name = String(wanted.drop { $0 == "/" })
        let plain = name.hasPrefix(call.node.name + "/") ? String(name.dropFirst(call.node.name.count + 1)) : name
        var changed = request
        changed.set("name", plain)
        call = EngineCall(changed, to: call.node, engine: call.engine)
        call.path = renaming.path
        // Of names on its own node the engine decides.
        if case .found(let holder, let node) = cluster.container(plain), holder.name == plain,
            node.address == call.node.address
        {
            return try await change(call, container.id, responder)
        }
        do {
            try cluster.reserveName(plain)
        } catch {
            throw DockerAPIError.refused(status: 409, message: "Error when allocating new name: \(error.message)")
        }
        defer { cluster.releaseName(plain) }
        try await change(call, container.id, responder)
    }

    /// Engines say about this call alone what was to be done.
    private func kill(_ request: GatewayRequest, _ responder: Responder) async throws {
        do {
            try await change(request, responder, tail: "kill")
        } catch GatewayError.noSuchContainer(let name) {
            let message = "Cannot kill container: \(name): No such container: \(name)"
            throw DockerAPIError.refused(status: 404, message: message)
        }
    }

    /// Makes an image of a container, on the container's node.
    private func commit(_ request: GatewayRequest, _ responder: Responder) async throws {
        let (container, node) = try container(request["container"] ?? "")
        var changed = request
        changed.set("container", container.id)
        let call = try call(changed, to: node)
        try await call.run { response in
            let body = try await response.collect()
            if response.status < 400 {
                await cluster.refreshImages(on: node.address)
            }
            try await EngineCall.send(response, body: body, to: responder)
        }
    }
}

extension EngineCall {
    /// Gives a collected answer to the client.
    static func send(_ response: HTTPResponse, body: [UInt8], to responder: Responder) async throws {
        let headers = headers(of: response, keepsUpgrade: false)
        if body.isEmpty {
            try await responder.send(status: response.status, headers: headers)
        } else {
            try await responder.send(status: response.status, headers: headers, bytes: body)
        }
    }
}
