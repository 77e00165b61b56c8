// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// Keeps those who are no admins from what gives power over a host: making it, and entering what has it.
struct PrivilegeGuard: Sendable {
    /// How long an engine may take to describe a container.
    private static let time = Duration.seconds(10)
    /// How many containers may share the namespaces of the next one.
    private static let depth = 8

    /// Routes by which one gets into a container, or at what it has mounted.
    private static let entrances: Set<String> = [
        "containers/{name}/exec", "containers/{name}/attach", "containers/{name}/attach/ws", "containers/{name}/copy",
        "containers/{name}/archive", "containers/{name}/export",
    ]

    let cluster: Cluster

    /// Looks for what only an admin may do.
    ///
    /// - Parameters:
    ///   - request: its body is read when that is needed, and kept in it.
    ///   - pattern: of its route.
    /// - Returns: what was found, in words; `nil` when there is nothing.
    /// - Throws: when the request cannot be read, or the container that it is about not be looked at.
    func power(in request: inout GatewayRequest, _ pattern: String) async throws -> String? {
        if pattern.hasPrefix("containers/{name}"), let found = try await power(over: request.name, pattern) {
            return found
        }
        switch pattern {
        case "containers/create": return try await creation(try await body(&request))
        case "containers/{name}/update": return try HostPower.requested(in: try await body(&request))
        case "containers/{name}/start":
            // Starts took a whole configuration before version 1.24 of the API.
            let hasPower = try HostPower.requested(in: try await body(&request))
            return hasPower ?? (request["checkpoint-dir"].map { _ in "a folder of the host" })
        case "containers/{name}/exec":
            return try GoObject(try await body(&request))["Privileged"]?.bool == true ? "a privileged process" : nil
        case "containers/{name}/checkpoints":
            let isNamed = try GoObject(try await body(&request)).hasContent("CheckpointDir") || request["dir"] != nil
            return isNamed ? "a folder of the host" : nil
        case "exec/{id}/start", "exec/{id}/resize": return try await execution(request.name)
        case "commit": return overhead(request["container"] ?? "")
        case "volumes/create":
            let config = try GoObject(try await body(&request))
            return try HostPower.requested(driver: config.text("Driver"), options: config["DriverOpts"])
        case "build": return try await build(request)
        default: return nil
        }
    }

    // MARK: Requests

    private func creation(_ body: JSON) async throws -> String? {
        if let found = try HostPower.requested(in: body) {
            return found
        }
        let outer = try GoObject(body)
        for host in [outer, try GoObject(outer["HostConfig"])] {
            for reference in host["VolumesFrom"]?.strings ?? [] {
                if let found = try await power(ofContainer: String(reference.prefix { $0 != ":" })) {
                    return found
                }
            }
            for name in ["NetworkMode", "PidMode", "IpcMode"] {
                let mode = host.text(name)
                if mode.hasPrefix("container:"),
                    let found = try await power(ofContainer: String(mode.dropFirst("container:".count)))
                {
                    return found
                }
            }
            if isHostNetwork(host.text("NetworkMode")) {
                return "the host's namespace (NetworkMode)"
            }
        }
        return nil
    }

    private func build(_ request: GatewayRequest) async throws -> String? {
        let mode = request["networkmode"] ?? ""
        if mode.hasPrefix("container:") {
            return try await power(ofContainer: String(mode.dropFirst("container:".count)))
        }
        guard request["cgroupparent"]?.isEmpty ?? true else {
            return "a control group of its choice"
        }
        return mode == "host" || isHostNetwork(mode) ? "the host's namespace (NetworkMode)" : nil
    }

    /// Whether a name or id stands for the network of the host.
    private func isHostNetwork(_ reference: String) -> Bool {
        guard !["", "default", "bridge", "none"].contains(reference), !reference.hasPrefix("container:") else {
            return false
        }
        let plain = reference.split(separator: "/").last.map { String($0) } ?? ""
        return cluster.snapshot.nodes.contains { node in
            node.networks.contains { $0.driver == "host" && ($0.name == plain || $0.id.hasPrefix(plain)) }
        }
    }

    // MARK: Containers that are there

    private func power(over name: String, _ pattern: String) async throws -> String? {
        if pattern != "containers/{name}/json", let found = overhead(name) {
            return found
        }
        return Self.entrances.contains(pattern) ? try await power(ofContainer: name) : nil
    }

    /// Managers and agents belong to the nodes: what they have mounted are the keys of the cluster.
    private func overhead(_ reference: String) -> String? {
        guard case .found(let container, _) = cluster.container(reference), container.isOverhead else {
            return nil
        }
        return "the cluster's own container \"\(container.name)\""
    }

    /// The power of a container, and of those whose namespaces it shares; nothing of one that is not there.
    func power(ofContainer reference: String, depth: Int = depth) async throws -> String? {
        guard case .found(let container, let node) = cluster.container(String(reference.drop { $0 == "/" })) else {
            return nil
        }
        guard !container.isOverhead, depth > 0 else {
            return "the container \"\(container.name)\""
        }
        guard let detail = try await inspection(of: container, on: node) else {
            return nil
        }
        if let found = try HostPower.present(in: detail) {
            return "the container \"\(container.name)\", which has \(found)"
        }
        let host = try GoObject(detail["HostConfig"])
        for name in ["PidMode", "NetworkMode", "IpcMode"] {
            let mode = host.text(name)
            if mode.hasPrefix("container:"),
                let found = try await power(ofContainer: String(mode.dropFirst("container:".count)), depth: depth - 1)
            {
                return found
            }
        }
        return nil
    }

    private func inspection(of container: ContainerState, on node: NodeState) async throws -> JSON? {
        guard let engine = cluster.client(for: node.address) else {
            throw GatewayError.nodeDown(node: node.name, reason: "it has left the cluster")
        }
        do {
            return try await engine.container(container.id, deadline: .after(Self.time)).raw
        } catch DockerAPIError.refused(status: 404, _) {
            return nil
        }
    }

    private func execution(_ id: String) async throws -> String? {
        guard let container = try await ExecOwner(cluster: cluster).container(of: id) else {
            throw GatewayError.noSuchExec(id)
        }
        return try await power(ofContainer: container)
    }

    private func body(_ request: inout GatewayRequest) async throws -> JSON {
        try await request.keepBody()
    }
}

/// Finds the container that an exec instance runs in.
struct ExecOwner: Sendable {
    private static let time = Duration.seconds(10)

    let cluster: Cluster

    /// - Returns: the container's id; `nil` when no engine knows the instance.
    func container(of exec: String) async throws -> String? {
        let path = EngineCall.path(["exec", exec, "json"])
        let engines = cluster.snapshot.healthyNodes.compactMap { cluster.client(for: $0.address) }
        return await withTaskGroup(of: String?.self) { group in
            for engine in engines {
                group.addTask {
                    let reply = try? await engine.call(.GET, path, deadline: .after(Self.time)).json()
                    return reply?["ContainerID"]?.string
                }
            }
            for await found in group {
                if let found {
                    group.cancelAll()
                    return found
                }
            }
            return nil
        }
    }
}

extension GatewayRequest {
    /// Reads the body to decide about the request; whoever answers it gets the same bytes.
    ///
    /// - Returns: the body as JSON; an empty one counts as an empty object.
    mutating func keepBody() async throws -> JSON {
        let bytes = try await bytes()
        readBody = bytes
        guard bytes.contains(where: { !" \t\r\n".utf8.contains($0) }) else {
            return .emptyObject
        }
        return try JSON(parsing: bytes)
    }
}
