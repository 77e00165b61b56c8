// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// What clears up and what counts: asked of all nodes, and merged.
extension DockerRoutes {
    /// How long a node may take to remove what is not used.
    private static let pruneTime = Duration.seconds(600)

    var pruneRoutes: [Route] {
        ["containers/prune", "images/prune", "networks/prune", "volumes/prune", "build/prune"].map { pattern in
            Route(.POST, pattern, prune)
        } + [Route(.GET, "system/df", diskUsage)]
    }

    private func prune(_ request: GatewayRequest, _ responder: Responder) async throws {
        let (path, query) = (EngineCall.path(request.segments), request.pairs)
        let kind = request.segments.first ?? ""
        let answers = await ask(cluster.snapshot.healthyNodes) { node in
            let answer = try await engine(for: node, request)
                .call(.POST, path, query: query, deadline: .after(Self.pruneTime)).json()
            await refresh(kind, removed: answer, on: node)
            return answer
        }
        for answer in answers {
            _ = try answer.result.get()
        }
        try await responder.send(json: Self.merge(answers.compactMap { try? $0.result.get() }))
    }

    private func refresh(_ kind: String, removed: JSON, on node: NodeState) async {
        switch kind {
        case "containers":
            for id in removed["ContainersDeleted"]?.strings ?? [] {
                await cluster.refreshContainer(id, on: node.address)
            }
        case "images": await cluster.refreshImages(on: node.address)
        case "networks": await cluster.refreshNetworks(on: node.address)
        case "volumes": await cluster.refreshVolumes(on: node.address)
        default: break
        }
    }

    private func diskUsage(_ request: GatewayRequest, _ responder: Responder) async throws {
        let nodes = cluster.snapshot.healthyNodes
        guard !nodes.isEmpty else {
            throw GatewayError.noHealthyNode
        }
        let (path, query) = (EngineCall.path(request.segments), request.pairs)
        let answers = await ask(nodes, skipsSilent: true) { node in
            let answer = try await engine(for: node, request)
                .call(.GET, path, query: query, deadline: .after(.seconds(60))).json()
            let shown = request.namespace.map { NamespaceView($0, cluster).diskUsage(answer) } ?? answer
            return shown.rewriting { usage in
                usage["Volumes"] = usage["Volumes"].map { list in
                    JSON(list.elements.map { Self.prefix(volume: $0, node: node) })
                }
                usage["Containers"] = usage["Containers"].map { list in
                    JSON(
                        list.elements.map { container in
                            ContainerRewriting.summary(
                                container,
                                node: node,
                                status: container["Status"]?.string ?? "",
                                names: configuration.containerNames
                            )
                        }
                    )
                }
            }
        }
        if case .failure(let error) = answers.first?.result, !answers.contains(where: { (try? $0.result.get()) != nil })
        {
            throw error
        }
        try await responder.send(json: Self.merge(answers.compactMap { try? $0.result.get() }))
    }

    /// Puts the fields of several answers together: lists are joined, numbers added, and of anything
    /// else the first is taken.
    static func merge(_ answers: [JSON]) -> JSON {
        var merged = JSONObject()
        for answer in answers {
            for (key, value) in JSONObject(answer).members {
                switch merged[key] {
                case nil: merged[key] = value
                case .some(let known) where known.isNull: merged[key] = value
                case .some(let known) where known.isArray: merged[key] = JSON(known.elements + value.elements)
                case .some(let known):
                    if let sum = known.int, let more = value.int {
                        merged[key] = JSON(sum.addingReportingOverflow(more).partialValue)
                    } else if known.isObject, value.isObject {
                        merged[key] = merge([known, value])
                    }
                }
            }
        }
        return merged.json
    }
}
