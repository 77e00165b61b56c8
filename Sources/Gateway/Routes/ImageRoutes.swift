// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// Images, which nodes have each for themselves.
extension DockerRoutes {
    var imageRoutes: [Route] {
        [
            Route(.GET, "images/json", listImages),
            Route(.GET, "images/get", saveImages),
            Route(.GET, "images/{name}/json", inspectImage),
            Route(.GET, "images/{name}/history") { try await passOnImage($0, $1) },
            Route(.GET, "images/{name}/get") { try await passOnImage($0, $1) },
            Route(.POST, "images/{name}/push") { try await passOnImage($0, $1) },
            Route(.POST, "images/{name}/tag", tagImage),
            Route(.DELETE, "images/{name}", removeImage),
        ]
    }

    /// The healthy nodes that have the image; those it may be on when none is known to.
    func nodes(withImage reference: String, _ request: GatewayRequest) throws(GatewayError) -> [NodeState] {
        var nodes = cluster.snapshot.healthyNodes
        if let wanted = request["node"] {
            nodes = nodes.filter { $0.name == wanted || $0.engineID == wanted }
        }
        let found = nodes.filter { $0.image(reference) != nil }
        guard !found.isEmpty || nodes.isEmpty else {
            // The lists can be a moment old: the engines know.
            return nodes
        }
        guard !found.isEmpty else {
            throw .noHealthyNode
        }
        return found
    }

    private func listImages(_ request: GatewayRequest, _ responder: Responder) async throws {
        var filters = try Filters(request["filters"])
        let wanted = filters.take("node")
        var changed = request
        changed.set("filters", filters.text)
        let nodes = cluster.snapshot.healthyNodes.filter { node in
            wanted.isEmpty || wanted.contains { $0 == node.name || $0 == node.engineID }
        }
        guard !nodes.isEmpty else {
            return try await responder.send(json: [])
        }
        let answers = try await collect(changed, from: nodes, for: responder)
        let images = Self.merge(images: answers.map(\.json))
        try await responder.send(json: request.namespace.map { NamespaceView($0, cluster).images(images) } ?? images)
    }

    /// One element for each id, with the names that it has on any node; newest first.
    static func merge(images answers: [JSON]) -> JSON {
        var order: [String] = []
        var byID: [String: JSONObject] = [:]
        for image in answers.flatMap(\.elements) {
            let id = image["Id"]?.string ?? ""
            guard var known = byID[id] else {
                order.append(id)
                byID[id] = JSONObject(image)
                continue
            }
            for field in ["RepoTags", "RepoDigests"] {
                let names = known[field]?.strings ?? []
                let more = (image[field]?.strings ?? []).filter { !names.contains($0) }
                let all = (names + more).filter { !$0.hasPrefix("<none>") }
                known[field] = JSON(all.isEmpty ? names + more : all)
            }
            byID[id] = known
        }
        let sorted = order.compactMap { byID[$0] }.enumerated().sorted { left, right in
            let (a, b) = (left.element["Created"]?.int ?? 0, right.element["Created"]?.int ?? 0)
            return (-a, left.offset) < (-b, right.offset)
        }
        return JSON(sorted.map(\.element.json))
    }

    private func inspectImage(_ request: GatewayRequest, _ responder: Responder) async throws {
        guard request.caller.hidesEnvironment, let node = try nodes(withImage: request.name, request).first else {
            return try await passOnImage(request, responder)
        }
        var plain = request
        plain.set("node", nil)
        try await call(plain, to: node).rewrite(to: responder) { $0 }
    }

    /// Passes the request on to the first node that has the image.
    private func passOnImage(_ request: GatewayRequest, _ responder: Responder) async throws {
        try await onFirst(try nodes(withImage: request.name, request), request, responder)
    }

    /// Passes the request on to the nodes, one after the other, until one does not answer 404.
    func onFirst(_ nodes: [NodeState], _ request: GatewayRequest, _ responder: Responder) async throws {
        var plain = request
        plain.set("node", nil)
        for node in nodes.dropLast() {
            let isThere = try await call(plain, to: node).run { response in
                guard response.status != 404 else {
                    return false
                }
                try await EngineCall.relay(response, to: responder)
                return true
            }
            if isThere {
                return
            }
        }
        if let last = nodes.last {
            try await call(plain, to: last).relay(to: responder)
        }
    }

    /// Saves from a node that has all the names.
    private func saveImages(_ request: GatewayRequest, _ responder: Responder) async throws {
        let names = request.query.filter { $0.name == "names" }.map(\.value)
        let nodes = cluster.snapshot.healthyNodes
        let best = nodes.max { left, right in
            names.count { left.image($0) != nil } < names.count { right.image($0) != nil }
        }
        guard let best else {
            throw GatewayError.noHealthyNode
        }
        try await call(request, to: best).relay(to: responder)
    }

    private func tagImage(_ request: GatewayRequest, _ responder: Responder) async throws {
        try await onEvery(try nodes(withImage: request.name, request), request) { replies in
            try await responder.send(status: replies.first?.status ?? 201)
        }
    }

    private func removeImage(_ request: GatewayRequest, _ responder: Responder) async throws {
        try await onEvery(try nodes(withImage: request.name, request), request) { replies in
            var seen = Set<JSON>()
            let removed = replies.flatMap { (try? JSON(parsing: $0.body))?.elements ?? [] }
            try await responder.send(json: JSON(removed.filter { seen.insert($0).inserted }))
        }
    }

    /// Sends the request, with `body`, to every one of `nodes`; fails as the first that fails.
    func onEvery(
        _ nodes: [NodeState],
        _ request: GatewayRequest,
        body: [UInt8] = [],
        _ answer: ([HTTPReply]) async throws -> Void
    ) async throws {
        var plain = request
        plain.set("node", nil)
        let (method, path, query) = (request.method, EngineCall.path(request.segments), plain.pairs)
        let sent: HTTPBody = body.isEmpty ? .none : .bytes(body)
        let headers: HTTPHeaders = body.isEmpty ? [:] : ["Content-Type": "application/json"]
        let answers = await ask(nodes) { node in
            let reply = try await engine(for: node, request)
                .call(method, path, query: query, headers: headers, body: sent, deadline: .after(.seconds(60)))
            if request.segments.first == "images" {
                await cluster.refreshImages(on: node.address)
            }
            return reply
        }
        let replies = answers.compactMap { try? $0.result.get() }
        // A node without the object is no failure while another one has it.
        let failures = answers.compactMap { answer -> (any Error)? in
            guard case .failure(let error) = answer.result else {
                return nil
            }
            if case DockerAPIError.refused(status: 404, _) = error, !replies.isEmpty {
                return nil
            }
            return error
        }
        if let error = failures.first {
            throw error
        }
        try await answer(replies)
    }
}
