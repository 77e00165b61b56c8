// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
package import Scheduling

/// A client's request to create a container, read for placement and made ready for an engine.
///
/// The placement expressions (`constraint:`, `affinity:`, `whitelist:`, `reschedule:` in `Env`) are
/// taken out of the environment and kept in the labels `com.docker.swarm.*`, so that the container
/// can be placed again. References of the form `NODE/NAME` become a constraint and `NAME`.
package struct ContainerCreation: Sendable {
    /// What the scheduler looks at.
    package private(set) var request: PlacementRequest
    private let cleaned: JSON

    /// Reads the body of `POST /containers/create`.
    ///
    /// - Parameters:
    ///   - name: of the query, without a slash; `nil` or empty when the engine is to pick one.
    ///   - platform: of the query.
    ///   - body: JSON as the client sent it.
    ///   - isNode: whether what stands before a slash is the name of a node.
    /// - Throws: ``SchedulingError/malformedExpression(text:offset:problem:)``, or
    ///   ``CreationError``.
    package init(
        name: String?,
        platform: String?,
        body: [UInt8],
        isNode: @escaping (String) -> Bool = { _ in false }
    ) throws {
        let json: JSON
        do {
            json = try JSON(parsing: body)
        } catch {
            throw CreationError.malformedBody(error.message)
        }
        guard json.isObject else {
            throw CreationError.malformedBody("it is no object")
        }
        var config = JSONObject(json)
        config.normalizeCase(of: ["Env", "Labels", "HostConfig", "Image", "ExposedPorts", "NetworkingConfig"])
        var host = JSONObject(config["HostConfig"] ?? .emptyObject)
        host.normalizeCase(of: ["Links", "VolumesFrom", "NetworkMode", "PidMode", "IpcMode", "CpuShares"])

        var expressions = PlacementExpressions()
        Self.takeEnvironment(of: &config, into: &expressions)
        var references = ContainerReferences(isNode: isNode)
        references.rewrite(&host)
        references.rewriteNetworks(&config)
        for node in references.nodes.sorted() {
            expressions.append(.constraint, "node==\(node)")
        }
        _ = try ReschedulePolicy(parsing: expressions.texts[.reschedule] ?? [])
        let labels = Self.keep(&expressions, in: &config)
        if config["HostConfig"] != nil {
            config["HostConfig"] = host.json
        }
        cleaned = config.json

        let demand = ContainerDemand(config: cleaned, hostConfig: host.json, shares: .cpus)
        request = PlacementRequest(
            name: String((name ?? "").drop { $0 == "/" }),
            image: config["Image"]?.string ?? "",
            labels: labels,
            claim: demand.claim,
            ports: demand.ports,
            usesHostNetwork: demand.usesHostNetwork,
            constraints: try expressions.parsed(.constraint),
            affinities: try expressions.parsed(.affinity),
            whitelists: try expressions.parsed(.whitelist),
            dependencies: references.dependencies,
            volumes: Self.namedVolumes(host),
            networks: references.networks,
            platform: platform,
            devices: demand.devices
        )
    }

    /// The body to send to the chosen node; unknown fields are as the client wrote them.
    ///
    /// CPUs asked for as shares become shares of that node: all its CPUs are 1024.
    package func body(for node: NodeState) -> JSON {
        guard let cpus = node.info?.cpus, cpus > 0,
            let shares = cleaned["HostConfig"]?["CpuShares"]?.int, shares > 0, shares <= 1 << 20
        else {
            return cleaned
        }
        return cleaned.rewriting { config in
            config["HostConfig"] = config["HostConfig"]?.rewriting { host in
                // Two is the least that the kernel takes.
                host["CpuShares"] = JSON(max(2, (shares * 1024 + cpus - 1) / cpus))
            }
        }
    }

    /// Lets it be placed where its local volumes and those networks are not: they are made there.
    mutating func leaveBehind(networks: Set<String>) {
        request.volumes = []
        request.networks.removeAll { networks.contains($0) }
    }

    private static func takeEnvironment(of config: inout JSONObject, into expressions: inout PlacementExpressions) {
        guard let environment = config["Env"]?.elements, !environment.isEmpty else {
            return
        }
        let kept = environment.filter { entry in
            !(entry.string.map { expressions.take($0) } ?? false)
        }
        if kept.count != environment.count {
            config["Env"] = JSON(kept)
        }
    }

    /// Adds what labels hold, and writes all of it back into the labels; returns those.
    private static func keep(
        _ expressions: inout PlacementExpressions,
        in config: inout JSONObject
    ) -> [String: String] {
        var labels = JSONObject(config["Labels"] ?? .emptyObject)
        expressions.take(labels: labels.json.stringMap)
        let kept = expressions.labels
        for (label, text) in kept.sorted(by: { $0.key < $1.key }) {
            labels[label] = JSON(text)
        }
        if !kept.isEmpty {
            config["Labels"] = labels.json
        }
        return labels.json.stringMap
    }

    /// Names before the colon of `Binds`, and sources of `Mounts` of type `volume`.
    private static func namedVolumes(_ host: JSONObject) -> [String] {
        var names: [String] = []
        for bind in host.field("Binds")?.strings ?? [] {
            let source = bind.prefix { $0 != ":" }
            if !source.isEmpty, source.count < bind.count, !source.contains("/") {
                names.append(String(source))
            }
        }
        for mount in host.field("Mounts")?.elements ?? [] {
            let fields = JSONObject(mount)
            if fields.field("Type")?.string == "volume", let source = fields.field("Source")?.string, !source.isEmpty {
                names.append(source)
            }
        }
        return names
    }
}
