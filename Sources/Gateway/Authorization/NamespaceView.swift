// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import Scheduling

/// Cuts answers down to what a namespace's members may see.
struct NamespaceView: Sendable {
    private let namespace: Namespace
    private let cluster: Cluster

    init(_ namespace: Namespace, _ cluster: Cluster) {
        self.namespace = namespace
        self.cluster = cluster
    }

    /// A list of images, without those of other namespaces and without how many containers use each.
    func images(_ list: JSON) -> JSON {
        let shown = list.elements.filter { namespace.mayUse(imageLabels: $0["Labels"]?.stringMap ?? [:]) }
        return JSON(
            shown.map { image in
                image["Containers"] == nil ? image : image.rewriting { $0["Containers"] = -1 }
            }
        )
    }

    /// A network without the containers of others that are in it.
    func network(_ network: JSON) -> JSON {
        network.rewriting { object in
            object["Containers"] = object["Containers"]?.rewriting { containers in
                containers.members.removeAll { !isOwn(container: $0.key) }
            }
        }
    }

    /// What one engine says about its disk.
    func diskUsage(_ usage: JSON) -> JSON {
        usage.rewriting { object in
            object["Images"] = object["Images"].map { $0.isArray ? images($0) : $0 }
            object["Containers"] = object["Containers"].map { owned($0) }
            object["Volumes"] = object["Volumes"].map { owned($0) }
            // Layers and the cache of builds are everybody's.
            object["LayersSize"] = object["LayersSize"].map { _ in 0 }
            object["BuildCache"] = object["BuildCache"].map { _ in [] }
            object["BuilderSize"] = object["BuilderSize"].map { _ in 0 }
            // What newer engines add is not known to be theirs.
            let known: Set<String> = ["Images", "Containers", "Volumes", "LayersSize", "BuildCache", "BuilderSize"]
            object.members.removeAll { !known.contains($0.key) }
        }
    }

    private func owned(_ list: JSON) -> JSON {
        JSON(list.elements.filter { namespace.owns($0["Labels"]?.stringMap ?? [:]) })
    }

    private func isOwn(container id: String) -> Bool {
        guard case .found(let container, _) = cluster.container(id) else {
            return false
        }
        return namespace.owns(container)
    }
}

extension Namespace {
    /// What the namespace's containers hold of a node.
    func claim(on node: NodeState) -> Resources {
        node.containers.values.filter { owns($0) }.reduce(into: Resources()) { $0 += $1.claim }
    }
}
