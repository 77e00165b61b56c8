// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The element of the list made from the description: an engine is asked for one of them after a change, not for both.
extension ContainerSummary {
    /// Of an element's networks engines leave these out, and of addresses asked for all but the first two.
    private static let unlisted: Set<String> = ["Links", "Aliases", "DriverOpts", "DNSNames"]
    private static let listedAddresses: Set<String> = ["IPv4Address", "IPv6Address"]

    /// The version in which annotations came into lists.
    private static let firstWithAnnotations = APIVersion(major: 1, minor: 46)

    /// The element that the engine would list; its line for people is right for a container that was never started only.
    ///
    /// `nil` when the description lacks something that elements have, and while the container is removed.
    ///
    /// - Parameters:
    ///   - detail: what the engine says of the container.
    ///   - created: when it was made, in seconds since 1970.
    ///   - image: as it was listed before; `nil` for what it was made from. An engine lists the id of an image that has
    ///     lost its name meanwhile.
    ///   - version: of the API in which it would be listed; `nil` for the newest.
    package init?(of detail: ContainerDetail, created: Int, image: String?, version: APIVersion?) {
        let fields = detail.fields
        let config = detail.config.fields
        guard let network = fields["NetworkSettings"]?.fields, let networks = network["Networks"],
            let ports = network["Ports"], let mounts = fields["Mounts"], let path = fields["Path"]?.string,
            let labels = config["Labels"], let made = config["Image"]?.string,
            ["created", "running", "paused", "restarting", "exited"].contains(detail.state), !detail.name.isEmpty
        else {
            return nil
        }
        let element = JSONObject([
            ("Id", JSON(detail.id)), ("Names", JSON(["/" + detail.name])), ("Image", JSON(image ?? made)),
            ("ImageID", JSON(detail.imageID)), ("Command", JSON(Self.command(path, fields["Args"]?.strings ?? []))),
            ("Created", JSON(created)), ("Ports", Self.ports(ports)), ("Labels", labels), ("State", JSON(detail.state)),
            ("Status", detail.state == "created" ? "Created" : ""),
            ("HostConfig", Self.hostConfig(detail.hostConfig, version)),
            ("NetworkSettings", JSONObject([("Networks", Self.networks(networks))]).json), ("Mounts", mounts),
        ])
        self.init(element.json)
    }

    /// Whether it says the same as `other`, but for the line for people and the order of ports and mounts, which is
    /// chance.
    package func says(asMuchAs other: ContainerSummary) -> Bool {
        let mine = JSONObject(raw).members
        let others = JSONObject(other.raw)
        guard mine.count == others.members.count else {
            return false
        }
        return mine.allSatisfy { name, value in
            switch name {
            case "Status": others[name] != nil
            case "Ports", "Mounts": Set(value.elements) == Set(others[name]?.elements ?? [])
            default: others[name] == value
            }
        }
    }

    private static func command(_ path: String, _ arguments: [String]) -> String {
        ([path] + arguments.map { $0.contains(" ") ? "'\($0)'" : $0 }).joined(separator: " ")
    }

    /// Of `{"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "81/udp": null}`.
    private static func ports(_ json: JSON) -> JSON {
        JSON(
            JSONObject(json).members.flatMap { key, bindings -> [JSON] in
                let parts = key.split(separator: "/", maxSplits: 1)
                let inside = [
                    ("PrivatePort", JSON(parts.first.flatMap { Int($0) } ?? 0)),
                    ("Type", JSON(parts.count > 1 ? String(parts[1]) : "tcp")),
                ]
                let outside = bindings.elements.map { binding -> JSON in
                    var members = inside
                    if let port = binding["HostPort"]?.string.flatMap({ Int($0) }), port > 0 {
                        members.insert(("PublicPort", JSON(port)), at: 1)
                    }
                    if let address = binding["HostIp"]?.string, !address.isEmpty {
                        members.insert(("IP", JSON(address)), at: 0)
                    }
                    return JSONObject(members).json
                }
                return outside.isEmpty ? [JSONObject(inside).json] : outside
            }
        )
    }

    private static func hostConfig(_ json: JSON, _ version: APIVersion?) -> JSON {
        let fields = json.fields
        var members: [(String, JSON)] = []
        if let mode = fields["NetworkMode"], mode.string != "" {
            members.append(("NetworkMode", mode))
        }
        if version.map({ $0 >= firstWithAnnotations }) ?? true, let annotations = fields["Annotations"],
            !annotations.fields.isEmpty
        {
            members.append(("Annotations", annotations))
        }
        return JSONObject(members).json
    }

    private static func networks(_ json: JSON) -> JSON {
        var networks = JSONObject(json)
        for index in networks.members.indices {
            networks.members[index].value = networks.members[index].value.rewriting { endpoint in
                for index in endpoint.members.indices where unlisted.contains(endpoint.members[index].key) {
                    endpoint.members[index].value = .null
                }
                if let addresses = endpoint["IPAMConfig"], addresses.isObject {
                    endpoint["IPAMConfig"] = addresses.rewriting { addresses in
                        addresses.members.removeAll { !listedAddresses.contains($0.key) }
                    }
                }
            }
        }
        return networks.json
    }
}
