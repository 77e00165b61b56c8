// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// `docker ps`, from the manager's own state.
extension DockerRoutes {
    var containerListRoutes: [Route] {
        [
            Route(.GET, "containers/json", listContainers),
            Route(.GET, "containers/ps", listContainers),
        ]
    }

    private func listContainers(_ request: GatewayRequest, _ responder: Responder) async throws {
        let snapshot = cluster.snapshot
        let query = try ContainerQuery(request, find: { try container($0).container.summary })
        var found: [(container: ContainerState, node: NodeState)] = []
        for node in snapshot.nodes {
            for container in node.containers.values where query.accepts(container, on: node) {
                found.append((container, node))
            }
        }
        found.sort { left, right in
            let (a, b) = (left.container.summary, right.container.summary)
            return (a.created, a.id) > (b.created, b.id)
        }
        if query.limit > 0 {
            found = Array(found.prefix(query.limit))
        }
        let sizes = request.flag("size") ? try await sizes(request) : [:]
        let now = WallTime.now
        try await responder.send(
            json: JSON(
                found.map { container, node in
                    let status = node.status == .healthy ? container.statusLine(now: now) : "Host Down"
                    return ContainerRewriting.summary(
                        sizes[container.id] ?? container.summary.raw,
                        node: node,
                        status: status,
                        names: configuration.containerNames
                    )
                }
            )
        )
    }

    /// The engines' elements with sizes, which are not kept because they cost the engine a walk.
    private func sizes(_ request: GatewayRequest) async throws -> [String: JSON] {
        let answers = try await collect(request, query: [("all", "1"), ("size", "1")])
        var byID: [String: JSON] = [:]
        for element in answers.flatMap(\.json.elements) {
            if let id = element["Id"]?.string {
                byID[id] = element
            }
        }
        return byID
    }
}

/// What a request for the list of containers selects.
private struct ContainerQuery {
    private static let known: Set<String> = [
        "id", "name", "label", "status", "health", "ancestor", "before", "since", "exited", "expose", "publish",
        "network", "volume", "is-task", "node", "isolation",
    ]
    private static let states: Set<String> = [
        "created", "running", "paused", "restarting", "removing", "exited", "dead",
    ]

    let limit: Int
    private let showsAll: Bool
    private let hidesManagers: Bool
    private let filters: Filters
    private let names: [Regex<AnyRegexOutput>]
    private let createdBefore: Int?
    private let createdSince: Int?

    /// Reads the query.
    ///
    /// - Parameters:
    ///   - request: whose query it is.
    ///   - find: the container that `before` and `since` name.
    /// - Throws: ``GatewayError/badRequest(_:)``, or what `find` throws.
    init(_ request: GatewayRequest, find: (String) throws -> ContainerSummary) throws {
        filters = try Filters(request["filters"])
        try filters.check(known: Self.known)
        limit = request["limit"].flatMap { Int($0) } ?? 0
        for state in filters["status"] where !Self.states.contains(state) {
            throw GatewayError.badRequest("invalid filter 'status=\(state)'")
        }
        for code in filters["exited"] where Int(code) == nil {
            throw GatewayError.badRequest("invalid filter 'exited=\(code)'")
        }
        let isAll = request.flag("all")
        hidesManagers = !isAll
        showsAll = isAll || limit > 0 || !filters["status"].isEmpty || !filters["exited"].isEmpty
        names = try filters["name"].map { pattern in
            do {
                return try Regex(pattern)
            } catch {
                throw GatewayError.badRequest("invalid filter 'name=\(pattern)'")
            }
        }
        createdBefore = try (filters["before"].first ?? request["before"]).map { try find($0).created }
        createdSince = try (filters["since"].first ?? request["since"]).map { try find($0).created }
    }

    func accepts(_ container: ContainerState, on node: NodeState) -> Bool {
        let summary = container.summary
        guard showsAll || summary.state == "running" || summary.state == "paused" || summary.state == "restarting",
            !(hidesManagers && container.isOverhead),
            createdBefore.map({ summary.created < $0 }) ?? true,
            createdSince.map({ summary.created > $0 }) ?? true
        else {
            return false
        }
        return acceptsIdentity(container, on: node) && acceptsState(container) && acceptsParts(summary)
    }

    private func acceptsIdentity(_ container: ContainerState, on node: NodeState) -> Bool {
        let summary = container.summary
        let paths = container.summary.names.flatMap { ["/\($0)", "/\(node.name)/\($0)", "\(node.name)/\($0)"] }
        return filters.accepts("id") { summary.id.hasPrefix($0) }
            && (names.isEmpty || names.contains { name in paths.contains { $0.contains(name) } })
            && filters.acceptsLabels(summary.labels)
            && filters.accepts("node") { $0 == node.name || $0 == node.engineID || $0 == node.address }
            && filters.accepts("ancestor") { isAncestor($0, of: summary, on: node) }
            && filters.accepts("is-task") { ["false", "0"].contains($0.lowercased()) }
    }

    private func isAncestor(_ reference: String, of summary: ContainerSummary, on node: NodeState) -> Bool {
        ImageReference.normalized(reference) == ImageReference.normalized(summary.image)
            || node.image(reference)?.id == summary.imageID
    }

    private func acceptsState(_ container: ContainerState) -> Bool {
        let state = container.summary.state
        return filters.accepts("status") { $0 == state }
            && filters.accepts("health") {
                $0 == (container.run?.health.isEmpty ?? true ? "none" : container.run?.health)
            }
            && filters.accepts("exited") { state == "exited" && Int($0) == container.run?.exitCode }
    }

    private func acceptsParts(_ summary: ContainerSummary) -> Bool {
        let networks = JSONObject(summary.raw["NetworkSettings"]?["Networks"] ?? .emptyObject).members
        let mounts = summary.raw["Mounts"]?.elements ?? []
        return filters.accepts("network") { wanted in
            networks.contains { name, network in
                name == wanted || (wanted.count >= 4 && network["NetworkID"]?.string?.hasPrefix(wanted) ?? false)
            }
        }
            && filters.accepts("volume") { wanted in
                mounts.contains {
                    [$0["Name"]?.string, $0["Destination"]?.string, $0["Source"]?.string].contains(wanted)
                }
            }
            && filters.accepts("publish") { wanted in
                summary.ports.contains { Self.port(wanted, covers: $0.publicPort, $0.transport) }
            }
            && filters.accepts("expose") { wanted in
                summary.ports.contains { Self.port(wanted, covers: $0.privatePort, $0.transport) }
            }
    }

    /// Whether `80`, `80/udp` or `8000-8010/tcp` stands for the port.
    private static func port(_ wanted: String, covers port: Int?, _ transport: String) -> Bool {
        let sides = wanted.split(separator: "/")
        let bounds = (sides.first ?? "").split(separator: "-").compactMap { Int($0) }
        guard let port, let low = bounds.first, let high = bounds.last else {
            return false
        }
        return port >= low && port <= high && (sides.count > 1 ? sides[1] == transport : transport == "tcp")
    }
}
