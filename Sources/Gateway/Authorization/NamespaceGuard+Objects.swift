// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI

/// Networks and volumes, whose names several nodes and several namespaces can have.
extension NamespaceGuard {
    /// Options of bridges that reach nothing but their own network.
    private static let bridgeOptions: Set<String> = [
        "com.docker.network.driver.mtu", "com.docker.network.bridge.enable_icc",
        "com.docker.network.bridge.enable_ip_masquerade",
    ]

    func narrowNetworks(_ request: GatewayRequest, _ pattern: String) async throws -> GatewayRequest {
        var request = request
        switch pattern {
        case "networks", "networks/prune":
            var filters = try Filters(request["filters"])
            filters.add("label", namespace.filter)
            request.set("filters", filters.text)
        case "networks/create": try await createNetwork(&request)
        case "networks/{name}": request.name = try network(request.name).id
        case "networks/{name}/connect", "networks/{name}/disconnect":
            var config = JSONObject(try await request.keepBody())
            let fields = try GoObject(config.json)
            GoObject.set("Container", JSON(try container(fields.text("Container")).id), in: &config)
            for link in try GoObject(fields["EndpointConfig"])["Links"]?.strings ?? [] {
                _ = try container(String(link.prefix { $0 != ":" }))
            }
            request.readBody = Array(config.json.bytes)
            request.name = try network(request.name).id
        default: throw GatewayError.noSuchRoute
        }
        return request
    }

    /// The namespace's network that a reference means: `NODE/name`, id, name, or id prefix.
    func network(_ reference: String) throws(GatewayError) -> NetworkSummary {
        let found = ownNetworks(reference)
        guard let first = found.first?.network else {
            throw .noSuchNetwork(reference)
        }
        guard Set(found.map(\.network.id)).count == 1 else {
            let candidates = found.map { "\($0.node.name)/\($0.network.name) (\($0.network.id.prefix(12)))" }
            throw .ambiguous(kind: "network", reference: reference, candidates: candidates.sorted())
        }
        return first
    }

    func ownNetworks(_ reference: String) -> [(network: NetworkSummary, node: NodeState)] {
        let own = cluster.snapshot.nodes.flatMap { node in
            node.networks.filter { namespace.owns($0.labels) }.map { (network: $0, node: node) }
        }
        let exact = own.filter { network, node in
            network.id == reference || network.name == reference || "\(node.name)/\(network.name)" == reference
        }
        guard exact.isEmpty, reference.count >= 4 else {
            return exact
        }
        return own.filter { $0.network.id.hasPrefix(reference) }
    }

    private func createNetwork(_ request: inout GatewayRequest) async throws {
        var config = JSONObject(try await request.keepBody())
        let fields = try GoObject(config.json)
        let options = (fields["Options"]?.stringMap ?? [:]).keys.filter { !Self.bridgeOptions.contains($0) }
        guard ["", "bridge", "overlay"].contains(fields.text("Driver")), options.isEmpty,
            fields["ConfigOnly"]?.bool != true, !fields.hasContent("ConfigFrom")
        else {
            throw GatewayError.notAllowed("a member of a namespace makes plain bridge and overlay networks only")
        }
        GoObject.set("Labels", namespace.labelled(try labels(fields["Labels"])), in: &config)
        request.readBody = Array(config.json.bytes)
    }

    /// Labels of a new object, without those that are the manager's.
    func labels(_ labels: JSON?) throws(GatewayError) -> JSON? {
        let kept = Set(PlacementExpressions.Kind.allCases.map(\.label) + [Namespace.label])
        let names = labels.map { JSONObject($0).members.map(\.key) } ?? []
        if let name = names.first(where: { $0.hasPrefix(Namespace.reservedPrefix) && !kept.contains($0) }) {
            throw .notAllowed("the label \"\(name)\" is the manager's")
        }
        return labels
    }

    // MARK: Volumes

    func narrowVolumes(_ request: GatewayRequest, _ pattern: String) async throws -> GatewayRequest {
        var request = request
        switch pattern {
        case "volumes", "volumes/prune":
            var filters = try Filters(request["filters"])
            filters.add("label", namespace.filter)
            request.set("filters", filters.text)
        case "volumes/{name}":
            let found = ownVolumes(request.name)
            guard let first = found.first else {
                throw GatewayError.noSuchVolume(request.name)
            }
            if isForeign(volume: first.name) {
                // Another node has another one of that name, which is not meant.
                guard Set(found.map(\.node.address)).count == 1 else {
                    throw GatewayError.ambiguous(
                        kind: "volume",
                        reference: request.name,
                        candidates: found.map { "\($0.node.name)/\($0.name)" }.sorted()
                    )
                }
                request.name = "\(first.node.name)/\(first.name)"
            }
        case "volumes/create": try await createVolume(&request)
        default: throw GatewayError.noSuchRoute
        }
        return request
    }

    func ownVolumes(_ reference: String) -> [(name: String, node: NodeState)] {
        cluster.snapshot.nodes.flatMap { node in
            node.volumes
                .filter { namespace.owns($0.labels) }
                .filter { $0.name == reference || "\(node.name)/\($0.name)" == reference }
                .map { (name: $0.name, node: node) }
        }
    }

    /// Whether some node has a volume of that name that is not the namespace's.
    func isForeign(volume name: String) -> Bool {
        cluster.snapshot.nodes.contains { node in
            node.volumes.contains { $0.name == name && !namespace.owns($0.labels) }
        }
    }

    /// An engine answers with the volume that is there when the name is taken.
    private func createVolume(_ request: inout GatewayRequest) async throws {
        var config = JSONObject(try await request.keepBody())
        let fields = try GoObject(config.json)
        let name = fields.text("Name").split(separator: "/").last.map { String($0) } ?? ""
        guard !isForeign(volume: name) else {
            throw DockerAPIError.refused(status: 409, message: "a volume with the name \(name) is already there")
        }
        guard ["", "local"].contains(fields.text("Driver")) else {
            throw GatewayError.notAllowed("a member of a namespace makes local volumes only")
        }
        GoObject.set("Labels", namespace.labelled(try labels(fields["Labels"])), in: &config)
        request.readBody = Array(config.json.bytes)
    }
}
