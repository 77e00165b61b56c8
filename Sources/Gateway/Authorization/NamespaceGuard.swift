// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import Scheduling

/// Narrows the requests of a namespace's members down to what is theirs.
///
/// A reference becomes the full id of what it was found to be, so that nobody resolves it again to something
/// else. What belongs to others is answered as if it were not there.
struct NamespaceGuard: Sendable {
    let namespace: Namespace
    let cluster: Cluster

    init(_ name: String, cluster: Cluster) {
        namespace = Namespace(name)
        self.cluster = cluster
    }

    /// The request as it may be answered.
    ///
    /// - Throws: ``GatewayError``: also for routes that nothing is known about here.
    func narrow(_ request: GatewayRequest, _ pattern: String) async throws -> GatewayRequest {
        switch pattern.split(separator: "/").first {
        case "containers", "commit", "exec": try await narrowContainers(request, pattern)
        case "images": try await narrowImages(request, pattern)
        case "networks": try await narrowNetworks(request, pattern)
        case "volumes": try await narrowVolumes(request, pattern)
        case "events": try adding(namespace.filter, to: request)
        // Cut where they are answered.
        case "info", "system": request
        default: throw unknown(request)
        }
    }

    private func unknown(_ request: GatewayRequest) -> GatewayError {
        .notAllowed("\(request.caller.description) may not \(request.method) \(request.writtenPath)")
    }

    /// The request with one more label that everything in the answer must have.
    private func adding(_ label: String, to request: GatewayRequest) throws -> GatewayRequest {
        var request = request
        var filters = try Filters(request["filters"])
        filters.add("label", label)
        request.set("filters", filters.text)
        return request
    }

    // MARK: Containers

    private func narrowContainers(_ request: GatewayRequest, _ pattern: String) async throws -> GatewayRequest {
        var request = request
        switch pattern {
        case "containers/json", "containers/ps":
            for name in ["before", "since"] {
                if let reference = request[name], !reference.isEmpty {
                    request.set(name, try container(reference).id)
                }
            }
            return try adding(namespace.filter, to: try resolvingFilters(request))
        case "containers/prune": return try adding(namespace.filter, to: request)
        case "containers/create":
            return try await NamespaceCreation(self).narrow(request)
        case "containers/{name}/rename":
            request.name = try container(request.name).id
            try checkFree(request["name"] ?? "")
            return request
        case "commit": return try commit(request)
        case "exec/{id}/start", "exec/{id}/resize", "exec/{id}/json":
            guard let id = try await ExecOwner(cluster: cluster).container(of: request.name),
                case .found(let container, _) = cluster.container(id), namespace.owns(container)
            else {
                throw GatewayError.noSuchExec(request.name)
            }
            return request
        default:
            guard pattern.hasPrefix("containers/{name}") else {
                throw unknown(request)
            }
            request.name = try container(request.name).id
            return request
        }
    }

    /// `before` and `since` name containers, so they must be the namespace's.
    private func resolvingFilters(_ request: GatewayRequest) throws -> GatewayRequest {
        var request = request
        var filters = try Filters(request["filters"])
        for name in ["before", "since"] {
            for reference in filters.take(name) {
                filters.add(name, try container(reference).id)
            }
        }
        request.set("filters", filters.text)
        return request
    }

    /// The namespace's container that a reference means, whatever else has such a name or id.
    func container(_ reference: String) throws(GatewayError) -> ContainerState {
        switch cluster.container(reference) {
        case .found(let container, _) where namespace.owns(container): return container
        case .missing: break
        case .found, .ambiguous:
            if let container = try onlyOwn(reference) {
                return container
            }
        }
        throw .noSuchContainer(reference)
    }

    /// Among several that a prefix or name means, those of others do not count.
    private func onlyOwn(_ reference: String) throws(GatewayError) -> ContainerState? {
        let plain = String(reference.drop { $0 == "/" })
        var named: [(container: ContainerState, node: String)] = []
        var prefixed: [(container: ContainerState, node: String)] = []
        for node in cluster.snapshot.nodes {
            for container in node.containers.values where namespace.owns(container) {
                if container.name == plain || "\(node.name)/\(container.name)" == plain {
                    named.append((container, node.name))
                } else if container.id.hasPrefix(plain) {
                    prefixed.append((container, node.name))
                }
            }
        }
        let found = named.isEmpty ? prefixed : named
        guard found.count < 2 else {
            let candidates = found.map { "\($0.node)/\($0.container.name) (\($0.container.id.prefix(12)))" }
            throw .ambiguous(kind: "container", reference: reference, candidates: candidates.sorted())
        }
        return found.first?.container
    }

    /// Names are unique in the cluster: one that others have cannot be taken, and nothing is said of its holder.
    func checkFree(_ name: String) throws {
        let plain = String(name.drop { $0 == "/" })
        let last = plain.split(separator: "/").last.map { String($0) } ?? ""
        for reference in Set([plain, last]) where !reference.isEmpty {
            let isTaken = cluster.snapshot.nodes.contains { node in
                node.containers.values.contains { $0.summary.names.contains(reference) && !namespace.owns($0) }
            }
            guard !isTaken else {
                let message = "Conflict. The container name \"/\(reference)\" is already in use."
                throw DockerAPIError.refused(status: 409, message: message)
            }
        }
    }

    /// The new image is the namespace's, and says so; what is made from it belongs to whoever makes it.
    private func commit(_ request: GatewayRequest) throws -> GatewayRequest {
        var request = request
        request.set("container", try container(request["container"] ?? "").id)
        try checkRepository(request["repo"] ?? "")
        let changes = request.query.filter { $0.name == "changes" }.map(\.value)
        // A label of the image's own would count for the containers made from it.
        guard !changes.contains(where: { $0.contains(Namespace.reservedPrefix) }) else {
            throw GatewayError.notAllowed("labels \(Namespace.reservedPrefix)* are the manager's")
        }
        let label = "LABEL \(Namespace.imageLabel)=\(namespace.name) \(Namespace.label)="
        request.query.append((name: "changes", value: label))
        // The body is a configuration whose labels would come on top.
        guard request.bodyLength == 0 || request.readBody?.isEmpty == true else {
            throw GatewayError.notAllowed("a member of a namespace commits without a configuration of its own")
        }
        return request
    }

    // MARK: Images

    /// What a namespace's images may be called: others use all other names.
    func checkRepository(_ repository: String) throws(GatewayError) {
        let host = ["docker.io/", "index.docker.io/"].first { repository.hasPrefix($0) } ?? ""
        let name = repository.dropFirst(host.count)
        guard repository.isEmpty || name.hasPrefix(namespace.name + "/") else {
            throw .notAllowed("images of the namespace \"\(namespace.name)\" are called \"\(namespace.name)/NAME\"")
        }
    }

    private func narrowImages(_ request: GatewayRequest, _ pattern: String) async throws -> GatewayRequest {
        switch pattern {
        case "images/json": return request
        case "images/prune": return try adding(namespace.imageFilter, to: request)
        case "images/{name}/json", "images/{name}/history", "images/{name}/get":
            try checkUse(ofImage: request.name)
        case "images/get":
            for name in request.query where name.name == "names" {
                try checkUse(ofImage: name.value)
            }
        case "images/{name}/tag":
            try checkOwn(image: request.name)
            try checkRepository(request["repo"] ?? "")
            guard !(request["repo"] ?? "").isEmpty else {
                throw GatewayError.badRequest("repository name must have at least one component")
            }
        case "images/{name}/push", "images/{name}": try checkOwn(image: request.name)
        case "images/create":
            guard request["fromSrc"]?.isEmpty ?? true, request["platform"]?.isEmpty ?? true,
                request["node"]?.isEmpty ?? true, request["repo"]?.isEmpty ?? true
            else {
                throw GatewayError.notAllowed("a member of a namespace pulls images for every node, and imports none")
            }
            try checkPull(request["fromImage"] ?? "", tag: request["tag"] ?? "")
        default: throw unknown(request)
        }
        return request
    }

    /// A pull gives a name to what the registry has: fine for names that are nobody's.
    private func checkPull(_ name: String, tag: String) throws {
        let joined = tag.isEmpty ? name : tag.hasPrefix("sha256:") ? "\(name)@\(tag)" : "\(name):\(tag)"
        try checkUse(ofImage: joined, mayBeMissing: true)
    }

    /// Whether all nodes that have the image may give it to this namespace.
    func checkUse(ofImage reference: String, mayBeMissing: Bool = false) throws(GatewayError) {
        let found = cluster.snapshot.nodes.compactMap { $0.image(reference) }
        guard mayBeMissing || !found.isEmpty, found.allSatisfy({ namespace.mayUse($0) }) else {
            throw .noSuchImage(reference)
        }
    }

    private func checkOwn(image reference: String) throws(GatewayError) {
        try checkUse(ofImage: reference)
        let found = cluster.snapshot.nodes.compactMap { $0.image(reference) }
        guard found.allSatisfy({ $0.labels[Namespace.imageLabel] == namespace.name }) else {
            throw .notAllowed("the image \"\(reference)\" is not one of the namespace \"\(namespace.name)\"")
        }
    }
}
