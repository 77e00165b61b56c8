// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import HTTPTransfer
package import Machines
internal import SwarmCore

/// Servers of Hetzner Cloud.
///
/// A key can be in a project once only; it is needed only while a server is made, and two machines of a cluster share
/// the one that came first.
package struct HetznerDriver: CloudDriver {
    package let name = "hetzner"
    package let summary = "servers of Hetzner Cloud"
    package var options: [DriverOption] { Self.allOptions }
    package let patience: Patience

    private let http: any HTTPSending
    private let environment: [String: String]
    private let base: String

    /// - Parameters:
    ///   - http: makes the calls.
    ///   - environment: of the process.
    ///   - patience: how long servers are waited for.
    ///   - base: the API's address.
    package init(
        http: any HTTPSending,
        environment: [String: String],
        patience: Patience = Patience(),
        base: String = "https://api.hetzner.cloud/v1"
    ) {
        self.http = http
        self.environment = environment
        self.patience = patience
        self.base = base
    }

    package func preCreate(_ request: MachineRequest) async throws {
        let values = DriverValues(request.options, of: self)
        _ = try values.sshPort()
        let client = try client(request.options, request.name)
        for (path, list, option) in [
            ("/locations", "locations", "server-location"), ("/server_types", "server_types", "server-type"),
        ] {
            guard let wanted = values[option] else {
                continue
            }
            guard try await !pages(path, list, [("name", wanted)], client).isEmpty else {
                throw values.bad(option, "the provider does not have it")
            }
        }
    }

    package func host(of machine: DriverMachine) async throws -> CloudHost? {
        let client = try client(machine.options, machine.name)
        if let id = machine.state["id"] {
            return try await client.find("/servers/\(CloudClient.escape(id))").map { host($0["server"], machine) }
        }
        return try await servers(machine.id, client).first.map { host($0, machine) }
    }

    package func makeHost(
        _ request: MachineRequest,
        state: inout DriverState,
        save: @Sendable (DriverState) throws -> Void
    ) async throws -> CloudHost {
        let values = DriverValues(request.options, of: self)
        let client = try client(request.options, request.name)
        let keys: [JSON] = [.integer(try await key(request, client))] + (try numbers("additional-key-id", values))
        var labels = Tag.labels(of: request)
        for label in values.list("server-label") {
            let parts = label.split(separator: "=", maxSplits: 1)
            labels[String(parts.first ?? "")] = parts.count == 2 ? String(parts[1]) : ""
        }
        let user = values["ssh-user"] ?? "root"
        let extra = values["user-data-file"] ?? values["user-data"]
        let networks = try numbers("networks", values)
        let firewalls = try numbers("firewalls", values)
        let body = JSON.without(nulls: [
            "name": .string(Tag.objectName(request.name, request.id)),
            "server_type": .given(values["server-type"]),
            "image": .given(values["image"]),
            "location": .given(values["server-location"]),
            "ssh_keys": .array(keys),
            "labels": .texts(labels),
            "user_data": .string(
                try CloudInit(environment: environment).userData(for: request, user: user, extra: extra)
            ),
            "networks": networks.isEmpty ? .null : .array(networks),
            "firewalls": firewalls.isEmpty ? .null : .array(firewalls.map { ["firewall": $0] }),
            "public_net": publicNet(values),
            "start_after_create": true,
        ])
        let server = try await client.call("POST", "/servers", body: body).body["server"]
        guard server["id"].integer != nil else {
            throw client.missing("server")
        }
        return host(server, DriverMachine(request, state))
    }

    package func switchPower(_ power: CloudPower, of host: CloudHost, _ machine: DriverMachine) async throws {
        let action =
            switch power {
            case .start: "poweron"
            case .stop: "shutdown"
            case .kill: "poweroff"
            case .restart: "reboot"
            }
        try await client(machine.options, machine.name).call("POST", "/servers/\(host.id)/actions/\(action)")
    }

    package func login(_ machine: DriverMachine) throws -> (user: String, port: UInt16) {
        let values = DriverValues(machine.options, of: self)
        return (values["ssh-user"] ?? "root", try values.sshPort())
    }

    package func remove(_ machine: DriverMachine) async throws {
        let client = try client(machine.options, machine.name)
        for server in try await servers(machine.id, client) {
            try await client.call("DELETE", "/servers/\(server["id"].text ?? "")", accepting: [404])
        }
        let selector = [("label_selector", "\(Tag.id)==\(machine.id)")]
        for key in try await pages("/ssh_keys", "ssh_keys", selector, client) {
            try await client.call("DELETE", "/ssh_keys/\(key["id"].text ?? "")", accepting: [404])
        }
    }

    package func tagged(options: [String: String]) async throws -> [TaggedResource] {
        let client = try client(options, "")
        let selector = [("label_selector", Tag.id)]
        let servers = try await pages("/servers", "servers", selector, client)
        let keys = try await pages("/ssh_keys", "ssh_keys", selector, client)
        return servers.map { Tag.resource("server", $0["id"].text ?? "", $0["labels"].texts) }
            + keys.map { Tag.resource("SSH key", $0["id"].text ?? "", $0["labels"].texts) }
    }

    // MARK: What there is

    private func servers(_ id: String, _ client: CloudClient) async throws -> [JSON] {
        try await pages("/servers", "servers", [("label_selector", "\(Tag.id)==\(id)")], client)
    }

    /// The id of our key in the project, where it is put when it is missing.
    private func key(_ request: MachineRequest, _ client: CloudClient) async throws -> Int {
        try await client.sshKey(request.authorizedKey) {
            try await pages("/ssh_keys", "ssh_keys", [], client)
        } make: {
            let body: JSON = [
                "name": .string(Tag.objectName(request.name, request.id)),
                "public_key": .string(request.authorizedKey),
                "labels": .texts(Tag.labels(of: request)),
            ]
            return try await client.call("POST", "/ssh_keys", body: body, accepting: [409]).body["ssh_key"]
        }
    }

    private func pages(_ path: String, _ list: String, _ query: [(String, String)], _ client: CloudClient) async throws
        -> [JSON]
    {
        try await client.pages(path, list, query: query, size: 50) { answer, page in
            (answer["meta"]["pagination"]["next_page"].integer ?? 0) > page
        }
    }

    // MARK: How it is written there

    private func host(_ server: JSON, _ machine: DriverMachine) -> CloudHost {
        let state: MachineState =
            switch server["status"].text {
            case "initializing", "starting": .starting
            case "running", "migrating", "rebuilding": .running
            case "stopping": .stopping
            case "off": .stopped
            case "deleting": .notFound
            default: .unknown
            }
        let isPrivate = DriverValues(machine.options, of: self).isOn("use-private-network")
        let address =
            isPrivate
            ? server["private_net"].elements.first?["ip"].text
            : server["public_net"]["ipv4"]["ip"].text ?? server["public_net"]["ipv6"]["ip"].text
        return CloudHost(id: server["id"].text ?? "", state: state, address: address)
    }

    private func publicNet(_ values: DriverValues) -> JSON {
        let (noFour, noSix) = (
            values.isOn("disable-public") || values.isOn("disable-public-ipv4"),
            values.isOn("disable-public") || values.isOn("disable-public-ipv6")
        )
        return noFour || noSix ? ["enable_ipv4": .bool(!noFour), "enable_ipv6": .bool(!noSix)] : .null
    }

    private func numbers(_ option: String, _ values: DriverValues) throws -> [JSON] {
        try values.list(option).map { text in
            guard let number = Int(text) else {
                throw values.bad(option, "\"\(text)\" is not an id")
            }
            return .integer(number)
        }
    }

    private func client(_ options: [String: String], _ machine: String) throws -> CloudClient {
        let token = try DriverValues(options, of: self).required("api-token")
        return CloudClient(
            http: http,
            driver: name,
            machine: machine,
            base: base,
            secrets: [token],
            authorize: { $0.headers.append(HTTPHeader("Authorization", "Bearer \(token)")) },
            refusal: { _, body in
                guard let message = body["error"]["message"].text else {
                    return nil
                }
                let code = body["error"]["code"].text ?? ""
                let isFull = ["resource_limit_exceeded", "resource_unavailable", "placement_error"].contains(code)
                return CloudRefusal(
                    code: code,
                    message: message,
                    kind: isFull ? .noCapacity : code == "conflict" ? .conflict : nil,
                    // "conflict" is: something else is being done with it right now.
                    isTransient: code == "conflict" ? true : isFull ? false : nil
                )
            }
        )
    }
}
