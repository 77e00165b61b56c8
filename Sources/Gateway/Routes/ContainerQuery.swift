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
    private let labels: [(key: String, value: String?)]
    private let labelBits: LabelBits
    private let asksForParts: Bool
    private let asksForIdentity: Bool
    private let asksForState: Bool
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
            return (String(sides[0]), sides.count > 1 ? String(sides[1]) : nil)
        }
        labelBits = labels.reduce(into: LabelBits()) { $0.insert($1.key, $1.value) }
        let asked = Set(filters.values.keys)
        asksForParts = !asked.isDisjoint(with: ["network", "volume", "publish", "expose"])
        asksForIdentity = !asked.isDisjoint(with: ["id", "ancestor", "is-task"])
        asksForState = !asked.isDisjoint(with: ["status", "health", "exited"])
        before = try (filters["before"].first ?? request["before"]).map { try find($0) }
        since = try (filters["since"].first ?? request["since"]).map { try find($0) }
    }

    /// The containers that it selects, the newest first.
    func select(from order: ContainerOrder) -> [ContainerOrder.Place] {
        let limit = limit > 0 ? limit : Int.max
        guard !picksFew else {
            let nodes = order.nodes.indices.filter { acceptsNode(order.nodes[$0]) }
            var found = order.places(of: nodes).filter { accepts($0, of: order) }
            order.sort(&found)
            return Array(found.prefix(limit))
        }
        guard isRestrictive || limit < order.places.count else {
            return order.places
        }
        var found: [ContainerOrder.Place] = []
        for place in order.places where accepts(place, of: order) {
            found.append(place)
            if found.count == limit {
                break
            }
        }
        return found
    }

    /// Whether it asks for single containers or nodes: looking for those node by node is faster than by age.
    private var picksFew: Bool { !names.isEmpty || !filters["id"].isEmpty || !filters["node"].isEmpty }

    /// Whether there are containers that it does not select.
    private var isRestrictive: Bool {
        !showsAll || hidesManagers || !filters.isEmpty || before != nil || since != nil
    }

    /// Whether a container of the node may have one of the names asked for.
    private func mayHaveNames(_ node: ListedNode) -> Bool {
        names.isEmpty || names.contains { $0.mayAccept(node.names, on: node.node.name) }
    }

    private func acceptsNode(_ listed: ListedNode) -> Bool {
        let node = listed.node
        return mayHaveNames(listed)
            && filters.accepts("node") { $0 == node.name || $0 == node.engineID || $0 == node.address }
    }

    private func accepts(_ place: ContainerOrder.Place, of order: ContainerOrder) -> Bool {
        let node = order.nodes[Int(place.node)]
        let position = Int(place.position)
        let facts = node.facts[position]
        guard showsAll || facts.isActive, !(hidesManagers && facts.isOverhead), facts.labels.contains(labelBits) else {
            return false
        }
        guard !filters.isEmpty || before != nil || since != nil else {
            return true
        }
        return accepts(node.containers[position], on: node.node)
    }

    private func accepts(_ container: ContainerState, on node: NodeState) -> Bool {
        guard before.map({ $0.isNewer(than: container) }) ?? true, since.map({ container.isNewer(than: $0) }) ?? true
        else {
            return false
        }
        return acceptsIdentity(container, on: node) && (!asksForState || acceptsState(container))
            && (!asksForParts || acceptsParts(container.summary))
    }

    private func acceptsIdentity(_ container: ContainerState, on node: NodeState) -> Bool {
        (names.isEmpty || names.contains { $0.accepts(container.summary.names, on: node.name) })
            && labels.allSatisfy { label in
                container.summary.labels[label.key].map { label.value == nil || label.value == $0 } ?? false
            }
            && (!asksForIdentity
                || filters.accepts("id") { container.summary.id.hasPrefix($0) }
                    && filters.accepts("ancestor") { isAncestor($0, of: container.summary, on: node) }
                    && filters.accepts("is-task") { ["false", "0"].contains($0.lowercased()) })
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

    /// Whether one of the names, which are in lines, may be asked for; `node` is that of all of them.
    func mayAccept(_ names: [UInt8], on node: String) -> Bool {
        guard let needed else {
            return true
        }
        return Self.contains(node, needed) || names.withUnsafeBufferPointer { Self.contains($0, needed) }
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
        text.utf8.withContiguousStorageIfAvailable { contains($0, part) } ?? true
    }

    private static func contains(_ bytes: UnsafeBufferPointer<UInt8>, _ part: [UInt8]) -> Bool {
        part.withUnsafeBufferPointer { part in
            // The end of a name tells names apart sooner than its beginning.
            guard bytes.count >= part.count, let last = part.last else {
                return part.isEmpty
            }
            for end in (part.count - 1)..<bytes.count where bytes[end] == last {
                if bytes[(end + 1 - part.count)...end].elementsEqual(part) {
                    return true
                }
            }
            return false
        }
    }
}
