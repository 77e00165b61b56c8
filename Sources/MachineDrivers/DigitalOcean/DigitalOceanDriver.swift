// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import HTTPTransfer
package import Machines
internal import SwarmCore

/// Droplets of DigitalOcean.
///
/// Tags there are words, so a tag is `NAME:VALUE`. Keys of an account have no tags, so a key's name holds them; a key
/// is needed only while a droplet is made, and two machines of a cluster share the one that came first.
package struct DigitalOceanDriver: CloudDriver {
    package let name = "digitalocean"
    package let summary = "droplets of DigitalOcean"
    package var options: [DriverOption] { Self.allOptions }
    package let patience: Patience

    private let http: any HTTPSending
    private let environment: [String: String]
    private let base: String

    /// - Parameters:
    ///   - http: makes the calls.
    ///   - environment: of the process.
    ///   - patience: how long droplets are waited for.
    ///   - base: the API's address.
    package init(
        http: any HTTPSending,
        environment: [String: String],
        patience: Patience = Patience(),
        base: String = "https://api.digitalocean.com"
    ) {
        self.http = http
        self.environment = environment
        self.patience = patience
        self.base = base
    }

    package func preCreate(_ request: MachineRequest) async throws {
        let values = DriverValues(request.options, of: self)
        _ = try values.sshPort()
        let regions = try await pages("/v2/regions", "regions", [], try client(request.options, request.name))
        guard let region = regions.first(where: { $0["slug"].text == values["region"] }) else {
            throw values.bad("region", "there is no such region")
        }
        guard let size = values["size"], region["sizes"].elements.contains(.string(size)) else {
            throw values.bad("size", "the region does not have it")
        }
    }

    package func host(of machine: DriverMachine) async throws -> CloudHost? {
        let client = try client(machine.options, machine.name)
        if let id = machine.state["id"] {
            return try await client.find("/v2/droplets/\(CloudClient.escape(id))").map {
                Self.host($0["droplet"], machine)
            }
        }
        return try await droplets(machine.id, client).first.map { Self.host($0, machine) }
    }

    package func makeHost(
        _ request: MachineRequest,
        state: inout DriverState,
        save: @Sendable (DriverState) throws -> Void
    ) async throws -> CloudHost {
        let values = DriverValues(request.options, of: self)
        let client = try client(request.options, request.name)
        var keys: [JSON] = [.integer(try await key(request, client))]
        keys += values["ssh-key-fingerprint"].map { [.string($0)] } ?? []
        let tags = Tag.labels(of: request).map { Self.tag($0, $1) }.sorted() + values.list("tags")
        let user = values["ssh-user"] ?? "root"
        let body: JSON = [
            "name": .string(request.name),
            "region": .given(values["region"]),
            "size": .given(values["size"]),
            "image": .given(values["image"]),
            "ssh_keys": .array(keys),
            "backups": .bool(values.isOn("backups")),
            "ipv6": .bool(values.isOn("ipv6")),
            "monitoring": .bool(values.isOn("monitoring")),
            "tags": .texts(tags),
            "user_data": .string(
                try CloudInit(environment: environment)
                    .userData(for: request, user: user, extra: values["userdata"])
            ),
        ]
        let droplet = try await client.call("POST", "/v2/droplets", body: body).body["droplet"]
        guard droplet["id"].integer != nil else {
            throw client.missing("droplet")
        }
        return Self.host(droplet, DriverMachine(request, state))
    }

    package func switchPower(_ power: CloudPower, of host: CloudHost, _ machine: DriverMachine) async throws {
        let type =
            switch power {
            case .start: "power_on"
            case .stop: "shutdown"
            case .kill: "power_off"
            case .restart: "reboot"
            }
        try await client(machine.options, machine.name)
            .call("POST", "/v2/droplets/\(host.id)/actions", body: ["type": .string(type)])
    }

    package func login(_ machine: DriverMachine) throws -> (user: String, port: UInt16) {
        let values = DriverValues(machine.options, of: self)
        return (values["ssh-user"] ?? "root", try values.sshPort())
    }

    package func remove(_ machine: DriverMachine) async throws {
        let client = try client(machine.options, machine.name)
        for droplet in try await droplets(machine.id, client) {
            try await client.call("DELETE", "/v2/droplets/\(droplet["id"].text ?? "")", accepting: [404])
        }
        for key in try await keys(client) where Self.labels(ofKey: key)[Tag.id] == machine.id {
            try await client.call("DELETE", "/v2/account/keys/\(key["id"].text ?? "")", accepting: [404])
        }
    }

    package func tagged(options: [String: String]) async throws -> [TaggedResource] {
        let client = try client(options, "")
        let droplets = try await pages("/v2/droplets", "droplets", [], client)
            .map { ("droplet", $0["id"].text ?? "", Self.labels($0["tags"].elements.compactMap(\.text))) }
        let keys = try await keys(client).map { ("SSH key", $0["id"].text ?? "", Self.labels(ofKey: $0)) }
        return (droplets + keys).filter { $0.2[Tag.id] != nil }.map { Tag.resource($0.0, $0.1, $0.2) }
    }

    // MARK: What there is

    private func droplets(_ id: String, _ client: CloudClient) async throws -> [JSON] {
        try await pages("/v2/droplets", "droplets", [("tag_name", Self.tag(Tag.id, id))], client)
    }

    private func keys(_ client: CloudClient) async throws -> [JSON] {
        try await pages("/v2/account/keys", "ssh_keys", [], client)
    }

    /// The id of our key in the account, where it is put when it is missing.
    private func key(_ request: MachineRequest, _ client: CloudClient) async throws -> Int {
        try await client.sshKey(request.authorizedKey) {
            try await keys(client)
        } make: {
            let name = Tag.labels(of: request).map { Self.tag($0, $1) }.sorted().joined(separator: " ")
            let body: JSON = ["name": .string(name), "public_key": .string(request.authorizedKey)]
            return try await client.call("POST", "/v2/account/keys", body: body, accepting: [422]).body["ssh_key"]
        }
    }

    private func pages(_ path: String, _ list: String, _ query: [(String, String)], _ client: CloudClient) async throws
        -> [JSON]
    {
        try await client.pages(path, list, query: query, size: 200) { answer, _ in
            answer["links"]["pages"]["next"].text != nil
        }
    }

    // MARK: How it is written there

    private static func host(_ droplet: JSON, _ machine: DriverMachine) -> CloudHost {
        let state: MachineState =
            switch droplet["status"].text {
            case "new": .starting
            case "active": .running
            case "off", "archive": .stopped
            default: .unknown
            }
        let wanted = machine.options["digitalocean-private-networking"] == "true" ? "private" : "public"
        let networks = droplet["networks"]["v4"].elements
        let address = networks.first { $0["type"].text == wanted }?["ip_address"].text
        return CloudHost(id: droplet["id"].text ?? "", state: state, address: address)
    }

    /// Letters, digits, `:`, `-` and `_` are allowed: `_`, which no name has, stands for the dot.
    private static func tag(_ name: String, _ value: String) -> String {
        "\(name):\(value.map { $0 == "." ? "_" : $0 }.reduce(into: "") { $0.append($1) })"
    }

    private static func labels(_ tags: [String]) -> [String: String] {
        let pairs = tags.compactMap { tag -> (String, String)? in
            guard let colon = tag.firstIndex(of: ":") else {
                return nil
            }
            let value = tag[colon...].dropFirst().map { $0 == "_" ? "." : $0 }.reduce(into: "") { $0.append($1) }
            return (String(tag[..<colon]), value)
        }
        return Dictionary(pairs) { first, _ in first }
    }

    private static func labels(ofKey key: JSON) -> [String: String] {
        labels((key["name"].text ?? "").split(separator: " ").map(String.init))
    }

    private func client(_ options: [String: String], _ machine: String) throws -> CloudClient {
        let token = try DriverValues(options, of: self).required("access-token")
        return CloudClient(
            http: http,
            driver: name,
            machine: machine,
            base: base,
            secrets: [token],
            authorize: { $0.headers.append(HTTPHeader("Authorization", "Bearer \(token)")) },
            refusal: { status, body in
                guard let message = body["message"].text else {
                    return nil
                }
                // The provider has no other word for it than this text.
                let isQuota = status == 422 && message.contains("droplet limit")
                return CloudRefusal(code: body["id"].text ?? "", message: message, kind: isQuota ? .noCapacity : nil)
            }
        )
    }
}
