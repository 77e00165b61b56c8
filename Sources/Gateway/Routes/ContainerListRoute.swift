// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import Scheduling
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
        let query: ContainerQuery
        do {
            query = try ContainerQuery(request, find: { try container($0).container })
        } catch {
            return try await refuse(request, responder, because: error)
        }
        var found: [(container: ContainerState, node: NodeState)] = []
        for node in snapshot.nodes {
            for container in node.containers.values where query.accepts(container, on: node) {
                found.append((container, node))
            }
        }
        found.sort { $0.container.isNewer(than: $1.container) }
        if query.limit > 0 {
            found = Array(found.prefix(query.limit))
        }
        let sizes = request.flag("size") ? try await sizes(request, responder) : [:]
        let now = WallTime.now
        try await responder.send(
            json: JSON(
                found.map { container, node in
                    let time = now + node.clockOffset
                    let status = node.status == .healthy ? container.statusLine(now: time) : "Host Down"
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

    /// Refuses a query in the words of an engine, which change from version to version.
    private func refuse(_ request: GatewayRequest, _ responder: Responder, because error: any Error) async throws {
        var plain = request
        var filters = try Filters(request["filters"])
        _ = filters.take("node")
        plain.set("filters", filters.text)
        let isRefused = try await call(plain, to: anyNode()).run(deadline: .after(Self.listTime)) { response in
            guard response.status >= 400 else {
                return false
            }
            try await EngineCall.relay(response, to: responder)
            return true
        }
        guard isRefused else {
            throw error
        }
    }

    /// The engines' elements with sizes, which are not kept because they cost the engine a walk.
    private func sizes(_ request: GatewayRequest, _ responder: Responder) async throws -> [String: JSON] {
        let answers = try await collect(request, query: [("all", "1"), ("size", "1")], for: responder)
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

    /// What the values of some filters must be.
    private static let checks: [(name: String, isValid: @Sendable (String) -> Bool)] = [
        ("exited", { Int($0) != nil }), ("health", { ["starting", "healthy", "unhealthy", "none"].contains($0) }),
        ("is-task", { ["0", "1", "false", "true"].contains($0.lowercased()) }), ("publish", isPort), ("expose", isPort),
    ]

    /// Whether the text is `80`, `80/udp` or `8000-8010/tcp`.
    @Sendable private static func isPort(_ text: String) -> Bool {
        let bounds = text.prefix { $0 != "/" }.split(separator: "-", omittingEmptySubsequences: false)
        return (1...2).contains(bounds.count) && bounds.allSatisfy { UInt16($0) != nil }
    }

    let limit: Int
    private let showsAll: Bool
    private let hidesManagers: Bool
    private let filters: Filters
    private let names: [Pattern]
    private let before: ContainerState?
    private let since: ContainerState?

    /// Reads the query.
    ///
    /// - Parameters:
    ///   - request: whose query it is.
    ///   - find: the container that `before` and `since` name.
    /// - Throws: ``GatewayError/badRequest(_:)``, or what `find` throws.
    init(_ request: GatewayRequest, find: (String) throws -> ContainerState) throws {
        filters = try Filters(request["filters"])
        try filters.check(known: Self.known)
        limit = request["limit"].flatMap { Int($0) } ?? 0
        for state in filters["status"] where !Self.states.contains(state) {
            throw GatewayError.badRequest("invalid filter 'status=\(state)'")
        }
        for (name, isValid) in Self.checks {
            for value in filters[name] where !isValid(value) {
                throw GatewayError.badRequest("invalid filter '\(name)=\(value)'")
            }
        }
        let isAll = request.flag("all")
        hidesManagers = !isAll
        showsAll = isAll || limit > 0 || !filters["status"].isEmpty || !filters["exited"].isEmpty
        // An expression that is none matches nothing, as on one engine.
        names = filters["name"].compactMap { Pattern(regularExpression: $0) }
        before = try (filters["before"].first ?? request["before"]).map { try find($0) }
        since = try (filters["since"].first ?? request["since"]).map { try find($0) }
    }

    func accepts(_ container: ContainerState, on node: NodeState) -> Bool {
        let summary = container.summary
        guard showsAll || summary.state == "running" || summary.state == "paused" || summary.state == "restarting",
            !(hidesManagers && container.isOverhead),
            before.map({ $0.isNewer(than: container) }) ?? true, since.map({ container.isNewer(than: $0) }) ?? true
        else {
            return false
        }
        return acceptsIdentity(container, on: node) && acceptsState(container) && acceptsParts(summary)
    }

    private func acceptsIdentity(_ container: ContainerState, on node: NodeState) -> Bool {
        let summary = container.summary
        let paths = container.summary.names.flatMap { [$0, "/\($0)", "/\(node.name)/\($0)", "\(node.name)/\($0)"] }
        return filters.accepts("id") { summary.id.hasPrefix($0) }
            && (filters["name"].isEmpty || filters["name"].contains { paths.contains($0) }
                || paths.contains { path in names.contains { $0.matches(path) } })
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
