// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Scheduling

extension ModelCluster {
    /// A cluster of up to `most` nodes, few of which are alike.
    static func random(most: Int, using generator: inout SeededGenerator) -> ModelCluster {
        let strategies = ["spread", "spread", "binpack", "binpack", "random", "spread:rack"]
        var cluster = ModelCluster(strategy: strategies.pick(&generator), overcommit: [0, 0.05].pick(&generator))
        let sizes: [Int64] = [[4000], [4000, 8000, 1 << 34], [0, 4000]].pick(&generator)
        for number in 0..<Int.random(in: 1...most, using: &generator) {
            cluster.nodes.append(.random(number, sizes: sizes, using: &generator))
        }
        return cluster
    }
}

extension ModelCluster.Node {
    static func random(_ number: Int, sizes: [Int64], using generator: inout SeededGenerator) -> Self {
        var node = ModelCluster.Node(name: "n\(number)", id: "ID\(number)")
        node.isDown = Int.random(in: 0..<8, using: &generator) == 0
        node.isCordoned = Int.random(in: 0..<8, using: &generator) == 0
        node.labels["storage"] = ["ssd", "disk", nil].pick(&generator)
        node.labels["rack"] = ["a", "b", "c", nil].pick(&generator)
        node.labels["containerslots"] = ["1", "3", "many", nil, nil, nil].pick(&generator)
        node.capacity = Resources(nanoCPUs: sizes.pick(&generator), memory: sizes.pick(&generator))
        node.images = Set(["redis", "redis:7", "mysql"].filter { _ in Bool.random(using: &generator) })
        node.volumes = Set(["data", "logs"].filter { _ in Int.random(in: 0..<4, using: &generator) == 0 })
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            node.containers.append(.random(using: &generator))
        }
        return node
    }
}

extension ModelCluster.Container {
    static func random(using generator: inout SeededGenerator) -> Self {
        let digits = (0..<16).map { _ in "0123456789abcdef".pick(&generator) }
        return ModelCluster.Container(
            id: String(digits),
            name: "c\(Int.random(in: 0...5, using: &generator))",
            labels: Bool.random(using: &generator) ? ["tier": ["web", "db"].pick(&generator)] : [:],
            claim: ModelCluster.randomClaim(most: 900, using: &generator),
            ports: ModelCluster.randomPorts(using: &generator),
            isOverhead: Int.random(in: 0..<6, using: &generator) == 0
        )
    }
}

extension ModelCluster {
    static func randomClaim(most: Int64, using generator: inout SeededGenerator) -> Resources {
        // Nothing at all is what most containers ask for.
        let share = [0, 0, 1].pick(&generator) * Int64.random(in: 0...most, using: &generator)
        return Resources(
            nanoCPUs: [0, share].pick(&generator),
            memory: [0, 1].pick(&generator) * Int64.random(in: 0...most, using: &generator)
        )
    }

    static func randomPorts(using generator: inout SeededGenerator) -> [HostPort] {
        guard Int.random(in: 0..<3, using: &generator) == 0 else {
            return []
        }
        let number = UInt16.random(in: 80...83, using: &generator)
        return [
            HostPort(number, [.tcp, .udp].pick(&generator), address: [nil, "10.0.0.1", "10.0.0.2"].pick(&generator))
        ]
    }

    /// A request for containers, ports and conditions that this cluster may or may not have.
    func randomRequest(using generator: inout SeededGenerator) -> Request {
        var request = Request()
        request.claim = Self.randomClaim(most: 2000, using: &generator)
        request.ports = Self.randomPorts(using: &generator)
        for _ in 0..<[0, 0, 1, 2].pick(&generator) {
            request.constraints.append(Self.randomConstraint(using: &generator))
        }
        for _ in 0..<[0, 0, 0, 1].pick(&generator) {
            request.affinities.append(randomAffinity(using: &generator))
        }
        if Int.random(in: 0..<6, using: &generator) == 0 {
            request.dependencies = [["c1", "c2", randomID(using: &generator)].pick(&generator)]
        }
        if Int.random(in: 0..<6, using: &generator) == 0 {
            request.volumes = [["data", "logs", "new"].pick(&generator)]
        }
        if Int.random(in: 0..<10, using: &generator) == 0 {
            request.whitelist = (0..<3).compactMap { _ in nodes.pick(&generator).name }
        }
        return request
    }

    private static func randomConstraint(using generator: inout SeededGenerator) -> Condition {
        let forms: [(key: String, value: String, matches: @Sendable (String) -> Bool)] = [
            ("storage", "ssd", { $0 == "ssd" }), ("storage", "s*", { $0.hasPrefix("s") }),
            ("storage", "tape", { $0 == "tape" }), ("rack", "/^[ab]$/", { $0 == "a" || $0 == "b" }),
            ("node", "n1", { $0 == "n1" }), ("node", "ID2", { $0 == "ID2" }),
            ("node", "/(?i)^N[0-4]$/", { $0.count == 2 && $0.hasPrefix("n") && "01234".contains($0.dropFirst()) }),
        ]
        let form = forms.pick(&generator)
        return condition(form.key, form.value, using: &generator, form.matches)
    }

    private func randomAffinity(using generator: inout SeededGenerator) -> Condition {
        let id = randomID(using: &generator)
        let forms: [(key: String, value: String, matches: @Sendable (String) -> Bool)] = [
            ("container", "c1", { $0 == "c1" }), ("container", "c*", { $0.hasPrefix("c") }),
            ("container", id, { $0 == id }), ("image", "redis", { $0 == "redis" }),
            ("image", "redis:*", { $0.hasPrefix("redis:") }), ("tier", "web", { $0 == "web" }),
            ("tier", "/web|back/", { $0.contains("web") || $0.contains("back") }),
        ]
        let form = forms.pick(&generator)
        return Self.condition(form.key, form.value, using: &generator, form.matches)
    }

    private static func condition(
        _ key: String,
        _ value: String,
        using generator: inout SeededGenerator,
        _ matches: @escaping @Sendable (String) -> Bool
    ) -> Condition {
        Condition(
            key: key,
            isNegated: Int.random(in: 0..<3, using: &generator) == 0,
            isSoft: Int.random(in: 0..<3, using: &generator) == 0,
            value: value,
            matches: matches
        )
    }

    /// The twelve characters of an id that is there, or of one that is not.
    private func randomID(using generator: inout SeededGenerator) -> String {
        let containers = nodes.pick(&generator).containers
        return containers.isEmpty ? "000000000000" : String(containers.pick(&generator).id.prefix(12))
    }
}
