// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// Volumes: local ones as `NODE/name`, those of the whole cluster once.
extension DockerRoutes {
    var volumeRoutes: [Route] {
        [
            Route(.GET, "volumes", listVolumes),
            Route(.GET, "volumes/{name}", inspectVolume),
            Route(.PUT, "volumes/{name}", updateVolume),
            Route(.DELETE, "volumes/{name}", removeVolume),
            Route(.POST, "volumes/create", createVolume),
        ]
    }

    private func listVolumes(_ request: GatewayRequest, _ responder: Responder) async throws {
        var filters = try Filters(request["filters"])
        let wanted = filters.take("node")
        var changed = request
        changed.set("filters", filters.text)
        let nodes = cluster.snapshot.healthyNodes.filter { node in
            wanted.isEmpty || wanted.contains { $0 == node.name || $0 == node.engineID }
        }
        var seen = Set<String>()
        var volumes: [JSON] = []
        var warnings: [String] = []
        let answers = nodes.isEmpty ? [] : try await collect(changed, from: nodes, for: responder)
        warnings += responder.missingNodes.map { "node \($0) does not answer: its volumes are missing" }
        let all = answers.flatMap { $0.json["Volumes"]?.elements ?? [] }
        let plain = filters.plainNames(among: all.map { $0["Name"]?.string ?? "" })
        for (node, answer) in answers {
            warnings += answer["Warnings"]?.strings ?? []
            for volume in answer["Volumes"]?.elements ?? [] {
                let isLocal = (volume["Scope"]?.string ?? "local") == "local"
                if isLocal, !plain.contains(volume["Name"]?.string ?? "") {
                    volumes.append(Self.prefix(volume: volume, node: node))
                } else if isLocal || seen.insert(volume["Name"]?.string ?? "").inserted {
                    volumes.append(volume)
                }
            }
        }
        try await responder.send(
            json: ["Volumes": JSON(volumes), "Warnings": warnings.isEmpty ? .null : JSON(warnings)]
        )
    }

    static func prefix(volume: JSON, node: NodeState) -> JSON {
        volume.rewriting { $0["Name"] = JSON("\(node.name)/\($0["Name"]?.string ?? "")") }
    }

    /// The volumes a reference means: all with that name, or the one of `NODE/name`.
    private func volumes(_ reference: String) throws(GatewayError) -> [(name: String, node: NodeState)] {
        var found: [(name: String, node: NodeState)] = []
        for node in cluster.snapshot.healthyNodes {
            for volume in node.volumes where volume.name == reference || "\(node.name)/\(volume.name)" == reference {
                found.append((volume.name, node))
            }
        }
        guard !found.isEmpty else {
            throw .noSuchVolume(reference)
        }
        return found
    }

    private func inspectVolume(_ request: GatewayRequest, _ responder: Responder) async throws {
        guard let (name, node) = try volumes(request.name).first else {
            throw GatewayError.noSuchVolume(request.name)
        }
        var call = try call(request, to: node)
        call.path = EngineCall.path(["volumes", name])
        let hasPrefix = request.name == "\(node.name)/\(name)"
        try await call.rewrite(to: responder) { hasPrefix ? Self.prefix(volume: $0, node: node) : $0 }
    }

    private func updateVolume(_ request: GatewayRequest, _ responder: Responder) async throws {
        guard let (name, node) = try volumes(request.name).first else {
            throw GatewayError.noSuchVolume(request.name)
        }
        var call = try call(request, to: node)
        call.path = EngineCall.path(["volumes", name])
        try await changeVolumes(call, responder)
    }

    /// Removes from all nodes that have it; the first failure is the answer.
    private func removeVolume(_ request: GatewayRequest, _ responder: Responder) async throws {
        let known = try? volumes(request.name)
        guard known != nil || !request.flag("force") else {
            return try await responder.send(status: 204)
        }
        let found = try known ?? volumes(request.name)
        let query = request.pairs
        let names = Dictionary(found.map { ($0.node.address, $0.name) }) { first, _ in first }
        let answers = await ask(found.map(\.node)) { node in
            let path = EngineCall.path(["volumes", names[node.address] ?? ""])
            let engine = try engine(for: node, request)
            _ = try await engine.call(.DELETE, path, query: query, deadline: .after(.seconds(60)))
            await cluster.refreshVolumes(on: node.address)
        }
        for answer in answers {
            try answer.result.get()
        }
        try await responder.send(status: 204)
    }

    /// Creates on one node; a name that a node has already stays there, as with one engine.
    private func createVolume(_ request: GatewayRequest, _ responder: Responder) async throws {
        var config = JSONObject(try await request.json())
        config.normalizeCase(of: ["Name", "Labels"])
        let snapshot = cluster.snapshot
        let name = config["Name"]?.string ?? ""
        var node: NodeState?
        if let slash = name.firstIndex(of: "/"), let named = snapshot.node(String(name[..<slash])) {
            node = named
            config["Name"] = JSON(String(name[name.index(after: slash)...]))
        } else if !name.isEmpty {
            node = snapshot.healthyNodes.first { $0.volumes.contains { $0.name == name } }
        }
        let chosen = try node ?? place(labels: config["Labels"]?.stringMap ?? [:])
        var call = try call(request, to: chosen)
        call.body = .json(config.json)
        try await changeVolumes(call, responder)
    }

    private func changeVolumes(_ call: EngineCall, _ responder: Responder) async throws {
        try await call.run { response in
            let body = try await response.collect()
            if response.status < 400 {
                await cluster.refreshVolumes(on: call.node.address)
            }
            try await EngineCall.send(response, body: body, to: responder)
        }
    }
}
