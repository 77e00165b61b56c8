// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import Scheduling
internal import SwarmCore

/// Networks: local ones as `NODE/name`, those of the whole cluster once.
extension DockerRoutes {
    private static let predefined: Set<String> = ["bridge", "host", "none"]

    var networkRoutes: [Route] {
        [
            Route(.GET, "networks", listNetworks),
            Route(.GET, "networks/{name}", inspectNetwork),
            Route(.DELETE, "networks/{name}", removeNetwork),
            Route(.POST, "networks/create", createNetwork),
            Route(.POST, "networks/{name}/connect") { try await joinOrLeave($0, $1, tail: "connect") },
            Route(.POST, "networks/{name}/disconnect") { try await joinOrLeave($0, $1, tail: "disconnect") },
        ]
    }

    private func listNetworks(_ request: GatewayRequest, _ responder: Responder) async throws {
        var filters = try Filters(request["filters"])
        let wanted = filters.take("node")
        var changed = request
        changed.set("filters", filters.text)
        let nodes = cluster.snapshot.healthyNodes.filter { node in
            wanted.isEmpty || wanted.contains { $0 == node.name || $0 == node.engineID }
        }
        var seen = Set<String>()
        var networks: [(network: JSON, node: NodeState)] = []
        for (node, answer) in nodes.isEmpty ? [] : try await collect(changed, from: nodes, for: responder) {
            for network in answer.elements where seen.insert(network["Id"]?.string ?? "").inserted {
                networks.append((network, node))
            }
        }
        let plain = filters.plainNames(among: networks.map { $0.network["Name"]?.string ?? "" })
        let view = request.namespace.map { NamespaceView($0, cluster) }
        try await responder.send(
            json: JSON(
                networks.map { network, node in
                    let isLocal = (network["Scope"]?.string ?? "local") == "local"
                    let isPlain = plain.contains(network["Name"]?.string ?? "")
                    let shown = isLocal && !isPlain ? Self.prefix(network, node: node) : network
                    return view?.network(shown) ?? shown
                }
            )
        )
    }

    private static func prefix(_ object: JSON, node: NodeState) -> JSON {
        object.rewriting { $0["Name"] = JSON("\(node.name)/\($0["Name"]?.string ?? "")") }
    }

    /// The network a reference means: `NODE/name`, id, name, or id prefix.
    ///
    /// - Parameters:
    ///   - reference: as the client wrote it.
    ///   - home: the node whose network is meant when several have one with that name.
    /// - Returns: the network and a node that has it.
    /// - Throws: ``GatewayError/noSuchNetwork(_:)``,
    ///   ``GatewayError/ambiguous(kind:reference:candidates:)``.
    private func network(
        _ reference: String,
        on home: NodeState? = nil
    ) throws(GatewayError) -> (network: NetworkSummary, node: NodeState) {
        let all = cluster.snapshot.healthyNodes.flatMap { node in node.networks.map { (network: $0, node: node) } }
        let named = all.filter { $0.network.name == reference || "\($0.node.name)/\($0.network.name)" == reference }
        let byID = all.filter { $0.network.id == reference }
        var found = !byID.isEmpty ? byID : named
        if found.isEmpty, reference.count >= 4 {
            found = all.filter { $0.network.id.hasPrefix(reference) }
        }
        if let home, let here = found.first(where: { $0.node.address == home.address }) {
            return here
        }
        guard let first = found.first else {
            throw .noSuchNetwork(reference)
        }
        guard Set(found.map(\.network.id)).count == 1 || Self.predefined.contains(reference) else {
            let candidates = found.map { "\($0.node.name)/\($0.network.name) (\($0.network.id.prefix(12)))" }
            throw .ambiguous(kind: "network", reference: reference, candidates: candidates.sorted())
        }
        return first
    }

    /// A call for the network that the request names, with its id in the path.
    private func networkCall(_ request: GatewayRequest, tail: [String] = []) throws(GatewayError) -> EngineCall {
        let (network, node) = try network(request.name)
        var call = try call(request, to: node)
        call.path = EngineCall.path(["networks", network.id] + tail)
        return call
    }

    /// A client that asked for `NODE/name` gets that name back, others the plain one.
    private func inspectNetwork(_ request: GatewayRequest, _ responder: Responder) async throws {
        let call = try networkCall(request)
        let hasPrefix = request.name.hasPrefix(call.node.name + "/")
        let view = request.namespace.map { NamespaceView($0, cluster) }
        try await call.rewrite(to: responder) { network in
            let shown = hasPrefix ? Self.prefix(network, node: call.node) : network
            return view?.network(shown) ?? shown
        }
    }

    private func removeNetwork(_ request: GatewayRequest, _ responder: Responder) async throws {
        let call = try networkCall(request)
        try await changeNetworks(call, responder)
    }

    private func createNetwork(_ request: GatewayRequest, _ responder: Responder) async throws {
        var config = JSONObject(try await request.json())
        config.normalizeCase(of: ["Name", "Labels", "Driver", "Scope"])
        let snapshot = cluster.snapshot
        var name = config["Name"]?.string ?? ""
        var node: NodeState?
        if let slash = name.firstIndex(of: "/"), let named = snapshot.node(String(name[..<slash])) {
            node = named
            name = String(name[name.index(after: slash)...])
            config["Name"] = JSON(name)
        } else if snapshot.healthyNodes.contains(where: { $0.networks.contains { $0.name == name } }) {
            throw DockerAPIError.refused(status: 409, message: "network with name \(name) already exists")
        }
        let chosen = try node ?? place(labels: config["Labels"]?.stringMap ?? [:])
        var call = try call(request, to: chosen)
        call.body = .json(config.json)
        try await changeNetworks(call, responder)
    }

    /// A node by the strategy, for a network or volume with constraints in its labels; beside the
    /// others of its project, if there are any and the constraints allow it.
    func place(labels: [String: String]) throws -> NodeState {
        var expressions = PlacementExpressions()
        expressions.take(labels: labels)
        let wanted = PlacementRequest(
            constraints: try expressions.parsed(.constraint),
            whitelists: try expressions.parsed(.whitelist)
        )
        let address = try projects.place(labels: labels, in: cluster.snapshot) { home in
            var wanted = wanted
            if let home, let wish = try? PlacementExpression(parsing: "node==~\(home.name)") {
                wanted.constraints.append(wish)
            }
            let reservation = try cluster.reserve(wanted)
            cluster.release(reservation)
            return reservation.address
        }
        guard let node = cluster.snapshot.node(address) else {
            throw GatewayError.nodeDown(node: address, reason: "it has left the cluster")
        }
        return node
    }

    /// Joins a container to a network or takes it out, on the container's node.
    private func joinOrLeave(_ request: GatewayRequest, _ responder: Responder, tail: String) async throws {
        var config = JSONObject(try await request.json())
        config.normalizeCase(of: ["Container"])
        let (container, node) = try container(config["Container"]?.string ?? "")
        config["Container"] = JSON(container.id)
        let network = try network(request.name, on: node)
        guard network.node.address == node.address || network.network.scope != "local" else {
            throw DockerAPIError.refused(
                status: 404,
                message: "network \(request.name) is local to node \(network.node.name), "
                    + "and container \(container.name) is on node \(node.name)"
            )
        }
        var call = try call(request, to: node)
        call.path = EngineCall.path(["networks", network.network.id, tail])
        call.body = .json(config.json)
        try await change(call, container.id, responder)
    }

    private func changeNetworks(_ call: EngineCall, _ responder: Responder) async throws {
        try await call.run { response in
            let body = try await response.collect()
            if response.status < 400 {
                await cluster.refreshNetworks(on: call.node.address)
            }
            try await EngineCall.send(response, body: body, to: responder)
        }
    }
}
