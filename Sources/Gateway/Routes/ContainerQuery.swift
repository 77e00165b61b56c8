// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import Scheduling

/// What a request for the list of containers selects.
struct ContainerQuery {
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
    private let names: [NameCondition]
    private let labels: [(key: String, value: Substring?)]
    private let asksForParts: Bool
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
        names = filters["name"].map { NameCondition($0) }
        labels = filters["label"].map { wanted in
            let sides = wanted.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(sides[0]), sides.count > 1 ? sides[1] : nil)
        }
        asksForParts = !filters.values.keys.allSatisfy { !["network", "volume", "publish", "expose"].contains($0) }
        before = try (filters["before"].first ?? request["before"]).map { try find($0) }
        since = try (filters["since"].first ?? request["since"]).map { try find($0) }
    }

    /// The containers that it selects, the newest first.
    func select(from snapshot: ClusterSnapshot) -> [(container: ContainerState, node: NodeState)] {
        var found: [(container: ContainerState, node: NodeState)] = []
        for node in snapshot.nodes where acceptsNode(node) {
            for container in node.containers.values where accepts(container, on: node) {
                found.append((container, node))
            }
        }
        // Numbers are sorted, not containers: moving those around means counting references.
        var order = found.enumerated().map { (created: $1.container.createdAt, index: $0) }
        order.sort { left, right in
            left.created == right.created
                ? found[left.index].container.id > found[right.index].container.id : left.created > right.created
        }
        return order.prefix(limit > 0 ? limit : order.count).map { found[$0.index] }
    }

    private func acceptsNode(_ node: NodeState) -> Bool {
        filters.accepts("node") { $0 == node.name || $0 == node.engineID || $0 == node.address }
    }

    private func accepts(_ container: ContainerState, on node: NodeState) -> Bool {
        let summary = container.summary
        guard showsAll || summary.state == "running" || summary.state == "paused" || summary.state == "restarting",
            !(hidesManagers && container.isOverhead),
            before.map({ $0.isNewer(than: container) }) ?? true, since.map({ container.isNewer(than: $0) }) ?? true
        else {
            return false
        }
        guard !filters.isEmpty else {
            return true
        }
        return acceptsIdentity(container, on: node) && acceptsState(container)
            && (!asksForParts || acceptsParts(summary))
    }

    private func acceptsIdentity(_ container: ContainerState, on node: NodeState) -> Bool {
        let summary = container.summary
        return (names.isEmpty || names.contains { $0.accepts(summary.names, on: node.name) })
            && labels.allSatisfy { label in
                summary.labels[label.key].map { label.value == nil || label.value == $0[...] } ?? false
            }
            && filters.accepts("id") { summary.id.hasPrefix($0) }
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

/// A value of the filter `name`: a regular expression for what `ps` shows, with and without the node.
struct NameCondition {
    private let text: String
    /// `nil` for what is no expression: it matches nothing but itself, as on one engine.
    private let pattern: Pattern?
    /// What a name has to contain, of the container or of its node; `nil` when that is not known.
    ///
    /// Thirty thousand names are searched for a few bytes in the time that an expression takes for a few hundred.
    private let needed: [UInt8]?
    /// Whether containing that is all.
    private let isPlain: Bool

    init(_ text: String) {
        self.text = text
        pattern = Pattern(regularExpression: text)
        var core = text[...]
        for prefix in ["^", "/"] where core.hasPrefix(prefix) {
            core = core.dropFirst()
        }
        if core.hasSuffix("$") {
            core = core.dropLast()
        }
        let isLiteral = !core.isEmpty && core.utf8.allSatisfy(Self.isLiteral)
        needed = isLiteral ? Array(core.utf8) : nil
        isPlain = isLiteral && core.utf8.count == text.utf8.count
    }

    /// - Parameters:
    ///   - names: of the container, without a slash in front.
    ///   - node: the name of its node.
    /// - Returns: whether it is one of those asked for.
    func accepts(_ names: [String], on node: String) -> Bool {
        if let needed {
            guard Self.contains(node, needed) || names.contains(where: { Self.contains($0, needed) }) else {
                return false
            }
            if isPlain, !names.isEmpty {
                return true
            }
        }
        return names.contains { name in
            [name, "/\(name)", "/\(node)/\(name)", "\(node)/\(name)"].contains { path in
                path == text || pattern?.matches(path) ?? false
            }
        }
    }

    private static func isLiteral(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func contains(_ text: String, _ part: [UInt8]) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { bytes in
            part.withUnsafeBufferPointer { part in
                guard bytes.count >= part.count, let first = part.first else {
                    return part.isEmpty
                }
                for start in 0...(bytes.count - part.count) where bytes[start] == first {
                    if bytes[start..<(start + part.count)].elementsEqual(part) {
                        return true
                    }
                }
                return false
            }
        } ?? true
    }
}
