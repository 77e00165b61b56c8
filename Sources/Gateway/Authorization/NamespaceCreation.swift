// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import Scheduling

/// Makes a request for a container one that names, links, joins and mounts only what is the namespace's.
///
/// What it names becomes `NODE/NAME`, because another node may have something of that name that is somebody
/// else's; volumes that are not there yet are made with the namespace's label.
struct NamespaceCreation: Sendable {
    private static let plainNetworks: Set<String> = ["", "default", "bridge", "host", "none"]

    private let guardian: NamespaceGuard

    init(_ guardian: NamespaceGuard) {
        self.guardian = guardian
    }

    func narrow(_ request: GatewayRequest) async throws -> GatewayRequest {
        var request = request
        let body = try await request.keepBody()
        let outer = try GoObject(body)
        if let name = HostPower.references.first(where: { outer[$0] != nil }) {
            throw GatewayError.badRequest("\(name) belongs into HostConfig")
        }
        try guardian.checkFree(request["name"] ?? "")
        try guardian.checkUse(ofImage: outer.text("Image"), mayBeMissing: true)
        try checkExpressions(outer)
        let labels = guardian.namespace.labelled(try guardian.labels(outer["Labels"]))
        var work = Work(
            host: try GoObject(outer["HostConfig"]),
            object: JSONObject(outer["HostConfig"] ?? .emptyObject)
        )
        try rewriteReferences(&work)
        try rewriteVolumes(&work)
        let networking = try rewriteEndpoints(try GoObject(outer["NetworkingConfig"]))
        var config = JSONObject(body)
        GoObject.set("Labels", labels, in: &config)
        GoObject.set("HostConfig", work.object.json, in: &config)
        if outer["NetworkingConfig"] != nil {
            GoObject.set("NetworkingConfig", networking, in: &config)
        }
        if !work.nodes.isEmpty {
            let constraints = work.nodes.sorted().map { JSON("constraint:node==\($0)") }
            GoObject.set("Env", JSON((outer["Env"]?.elements ?? []) + constraints), in: &config)
        }
        request.readBody = Array(config.json.bytes)
        return request
    }

    /// A `HostConfig` on its way from what the client wrote to what may be sent.
    private struct Work {
        let host: GoObject
        var object: JSONObject
        /// Names of nodes whose volumes are meant.
        var nodes: Set<String> = []
    }

    // MARK: Placement

    /// Where others have something is none of its business.
    private func checkExpressions(_ config: GoObject) throws {
        var expressions = PlacementExpressions()
        for entry in config["Env"]?.strings ?? [] {
            _ = expressions.take(entry)
        }
        expressions.take(labels: config["Labels"]?.stringMap ?? [:])
        for affinity in try expressions.parsed(.affinity) {
            let isPattern = affinity.value.hasPrefix("/") || affinity.value.contains { "*?[".contains($0) }
            switch affinity.key {
            case "container" where !isPattern: _ = try guardian.container(affinity.value)
            case "image" where !isPattern: try guardian.checkUse(ofImage: affinity.value, mayBeMissing: true)
            default:
                throw GatewayError.notAllowed("a member of a namespace has no affinity \"\(affinity.description)\"")
            }
        }
    }

    // MARK: Containers and networks

    private func rewriteReferences(_ work: inout Work) throws {
        for field in ["Links", "VolumesFrom"] {
            guard let entries = work.host[field]?.strings else {
                continue
            }
            let rewritten = try entries.map { entry in
                let name = String(entry.prefix { $0 != ":" })
                let plain = name.split(separator: "/").last.map { String($0) } ?? ""
                let rest = entry.dropFirst(name.count)
                // Without an alias the link is called like what it leads to.
                return try place(of: name) + (rest.isEmpty && field == "Links" ? ":\(plain)" : String(rest))
            }
            GoObject.set(field, JSON(rewritten), in: &work.object)
        }
        for field in ["NetworkMode", "PidMode", "IpcMode"] {
            let mode = work.host.text(field)
            if mode.hasPrefix("container:") {
                let target = try place(of: String(mode.dropFirst("container:".count)))
                GoObject.set(field, JSON("container:\(target)"), in: &work.object)
            } else if field == "NetworkMode", !Self.plainNetworks.contains(mode) {
                GoObject.set(field, JSON(try networkPlace(mode)), in: &work.object)
            }
        }
    }

    /// `NODE/NAME` of the namespace's container that a reference means.
    private func place(of reference: String) throws(GatewayError) -> String {
        let container = try guardian.container(reference)
        guard case .found(_, let node) = guardian.cluster.container(container.id) else {
            throw .noSuchContainer(reference)
        }
        return "\(node.name)/\(container.name)"
    }

    private func networkPlace(_ reference: String) throws(GatewayError) -> String {
        let network = try guardian.network(reference)
        let place = guardian.ownNetworks(network.id).first
        return network.scope == "local" ? "\(place?.node.name ?? "")/\(network.name)" : network.name
    }

    private func rewriteEndpoints(_ networking: GoObject) throws(GatewayError) -> JSON {
        var endpoints = JSONObject()
        for (name, settings) in networking["EndpointsConfig"].map({ JSONObject($0) })?.members ?? [] {
            for link in try GoObject(settings)["Links"]?.strings ?? [] {
                _ = try guardian.container(String(link.prefix { $0 != ":" }))
            }
            var object = JSONObject(settings)
            // Engines fill these in; nobody else says which network a name stands for.
            GoObject.set("NetworkID", nil, in: &object)
            GoObject.set("EndpointID", nil, in: &object)
            let place = Self.plainNetworks.contains(name) ? name : try networkPlace(name)
            endpoints[place] = settings.isNull ? settings : object.json
        }
        return ["EndpointsConfig": endpoints.json]
    }

    // MARK: Volumes

    private func rewriteVolumes(_ work: inout Work) throws {
        guard ["", "local"].contains(work.host.text("VolumeDriver")) else {
            throw GatewayError.notAllowed("a member of a namespace uses local volumes only")
        }
        var mounts: [JSON] = []
        for mount in work.host["Mounts"]?.elements ?? [] {
            mounts.append(try rewritten(mount: mount, &work))
        }
        var binds: [String] = []
        for bind in work.host["Binds"]?.strings ?? [] {
            let parts = bind.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map { String($0) }
            guard parts.count > 1, HostPower.isVolumeName(parts[0][...]) else {
                binds.append(bind)
                continue
            }
            // Only a mount can say which labels the volume gets.
            let flags = parts.count > 2 ? parts[2].split(separator: ",").map { String($0) } : []
            mounts.append(try rewritten(mount: Self.mount(parts[0], at: parts[1], flags), &work))
        }
        GoObject.set("Binds", JSON(binds), in: &work.object)
        GoObject.set("Mounts", JSON(mounts), in: &work.object)
    }

    private static func mount(_ volume: String, at target: String, _ flags: [String]) -> JSON {
        [
            "Type": "volume", "Source": JSON(volume), "Target": JSON(target), "ReadOnly": JSON(flags.contains("ro")),
            "VolumeOptions": ["NoCopy": JSON(flags.contains("nocopy"))],
        ]
    }

    private func rewritten(mount: JSON, _ work: inout Work) throws -> JSON {
        let fields = try GoObject(mount)
        let source = fields.text("Source")
        if fields.text("Type") == "image" {
            try guardian.checkUse(ofImage: source, mayBeMissing: true)
        }
        guard fields.text("Type") == "volume", !source.isEmpty else {
            return mount
        }
        let own = guardian.ownVolumes(source)
        if guardian.isForeign(volume: source) {
            guard let first = own.first, Set(own.map(\.node.address)).count == 1 else {
                throw DockerAPIError.refused(status: 409, message: "the volume name \(source) is already in use")
            }
            work.nodes.insert(first.node.name)
        }
        let old = try GoObject(fields["VolumeOptions"])
        guard ["", "local"].contains(try GoObject(old["DriverConfig"]).text("Name")) else {
            throw GatewayError.notAllowed("a member of a namespace uses local volumes only")
        }
        var options = JSONObject(fields["VolumeOptions"] ?? .emptyObject)
        let labels = guardian.namespace.labelled(try guardian.labels(old["Labels"]))
        GoObject.set("Labels", labels, in: &options)
        var object = JSONObject(mount)
        GoObject.set("VolumeOptions", options.json, in: &object)
        return object.json
    }
}
