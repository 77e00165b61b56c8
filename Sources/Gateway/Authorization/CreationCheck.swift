// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// Looks at a container that was just made, before its maker hears of it: what it was made from may have
/// changed since the request was looked at, or have been unknown.
struct CreationCheck: Sendable {
    private static let time = Duration.seconds(20)

    let cluster: Cluster

    /// Removes the container again when it is, or has, something that it must not.
    ///
    /// - Parameters:
    ///   - id: of the container.
    ///   - node: that has it.
    ///   - body: that it was made with.
    ///   - caller: who wanted it.
    /// - Throws: why it was removed.
    func verify(_ id: String, on node: NodeState, madeWith body: JSON, for caller: Caller) async throws {
        guard case .found(let container, _) = cluster.container(id) else {
            return
        }
        do {
            if let name = caller.namespace {
                try await verify(container, on: node, of: Namespace(name), body)
            } else {
                try verifyLabel(of: container, body)
            }
        } catch {
            try? await remove(id, on: node)
            throw error
        }
    }

    /// An image's label would give the container to the members of a namespace.
    private func verifyLabel(of container: ContainerState, _ body: JSON) throws {
        let label = Namespace.label
        let isChosen = JSONObject(JSONObject(body).field("Labels") ?? .emptyObject)[label] != nil
        guard container.summary.labels[label]?.isEmpty ?? true || isChosen else {
            throw DockerAPIError.refused(
                status: 409,
                message: "the image would give the container to a namespace; say which, or none, with --label \(label)="
            )
        }
    }

    private func verify(_ container: ContainerState, on node: NodeState, of namespace: Namespace, _ body: JSON)
        async throws
    {
        guard let engine = cluster.client(for: node.address) else {
            throw GatewayError.nodeDown(node: node.name, reason: "it has left the cluster")
        }
        let image = try await engine.call(
            .GET,
            EngineCall.path(["images", container.summary.imageID, "json"]),
            deadline: .after(Self.time)
        ).json()
        guard namespace.owns(container), namespace.mayUse(imageLabels: image["Config"]?["Labels"]?.stringMap ?? [:])
        else {
            throw GatewayError.noSuchImage(container.summary.image)
        }
        for mount in body["HostConfig"]?["Mounts"]?.elements ?? [] where mount["Type"]?.string == "volume" {
            guard let name = mount["Source"]?.string, !name.isEmpty else {
                continue
            }
            let path = EngineCall.path(["volumes", name])
            let volume = try await engine.call(.GET, path, deadline: .after(Self.time)).json()
            guard namespace.owns(volume["Labels"]?.stringMap ?? [:]) else {
                throw DockerAPIError.refused(status: 409, message: "the volume name \(name) is already in use")
            }
        }
    }

    private func remove(_ id: String, on node: NodeState) async throws {
        guard let engine = cluster.client(for: node.address) else {
            return
        }
        let path = EngineCall.path(["containers", id])
        _ = try await engine.call(.DELETE, path, query: [("force", "1")], deadline: .after(Self.time))
        await cluster.refreshContainer(id, on: node.address)
    }
}
