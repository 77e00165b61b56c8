// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import Machines
internal import SwarmCore

extension OpenStackDriver {
    package func makeHost(
        _ request: MachineRequest,
        state: inout DriverState,
        save: @Sendable (DriverState) throws -> Void
    ) async throws -> CloudHost {
        let values = DriverValues(request.options, of: self)
        let services = try await services(request.options, request.name)
        let flavor = try await flavor(values, services)
        let image = try await image(values, services)
        let network = try await network(values, services)
        let key = try await keyPair(request, values, services)
        let groups = try await groups(request, values, services)
        let user = values["ssh-user"] ?? "root"
        let userData = try CloudInit(environment: environment)
            .userData(for: request, user: user, extra: values["user-data-file"])
        var metadata = Tag.labels(of: request)
        for pair in try values.pairs("metadata") {
            metadata[pair.key] = pair.value
        }
        let server = JSON.without(nulls: [
            "name": .string(Tag.objectName(request.name, request.id)),
            "flavorRef": .string(flavor),
            "imageRef": .string(image),
            "key_name": .string(key),
            "metadata": .texts(metadata),
            "security_groups": .array(groups.map { ["name": .string($0)] }),
            "networks": network.map { [["uuid": .string($0)]] } ?? .null,
            "availability_zone": .given(values["availability-zone"]),
            "config_drive": values.isOn("config-drive") ? true : .null,
            "user_data": .string(Data(userData.utf8).base64EncodedString()),
        ])
        let made = try await services.compute.call("POST", "/servers", body: ["server": server]).body["server"]
        guard let id = made["id"].text else {
            throw services.compute.missing("server")
        }
        return CloudHost(id: id, state: .starting, address: nil)
    }

    /// A floating address for a server that wants one.
    package func complete(_ host: CloudHost, _ machine: DriverMachine) async throws {
        let values = DriverValues(machine.options, of: self)
        guard let pool = values["floatingip-pool"], host.address == nil else {
            return
        }
        let services = try await services(machine.options, machine.name)
        let networks = try await services.network.call("GET", "/v2.0/networks", query: [("name", pool)]).body
        guard let network = networks["networks"].elements.first?["id"].text else {
            throw values.bad("floatingip-pool", "there is no network \"\(pool)\"")
        }
        let ports = try await services.network.call("GET", "/v2.0/ports", query: [("device_id", host.id)]).body
        guard let port = ports["ports"].elements.first?["id"].text else {
            throw services.network.problem("the server has no port", .failed)
        }
        let address: JSON = [
            "floating_network_id": .string(network), "port_id": .string(port),
            "description": .string(Self.text(machine.cluster, machine.name, machine.id)),
        ]
        try await services.network.call("POST", "/v2.0/floatingips", body: ["floatingip": address])
    }

    // MARK: What the server needs

    func flavor(_ values: DriverValues, _ services: OpenStackServices) async throws -> String {
        if let id = values["flavor-id"] {
            return id
        }
        let name = try values.required("flavor-name")
        let flavors = try await services.compute.call("GET", "/flavors").body["flavors"].elements
        guard let id = flavors.first(where: { $0["name"].text == name })?["id"].text else {
            throw values.bad("flavor-name", "there is no flavor \"\(name)\"")
        }
        return id
    }

    func image(_ values: DriverValues, _ services: OpenStackServices) async throws -> String {
        if let id = values["image-id"] {
            return id
        }
        let name = try values.required("image-name")
        let images = try await services.image.call("GET", "/v2/images", query: [("name", name)]).body["images"].elements
        guard let id = images.first?["id"].text else {
            throw values.bad("image-name", "there is no image \"\(name)\"")
        }
        return id
    }

    /// `nil` leaves it to nova, which knows what to do when there is one network.
    func network(_ values: DriverValues, _ services: OpenStackServices) async throws -> String? {
        if let id = values["net-id"] {
            return id
        }
        guard let name = values["net-name"] else {
            return nil
        }
        let networks = try await services.network.call("GET", "/v2.0/networks", query: [("name", name)]).body
        guard let id = networks["networks"].elements.first?["id"].text else {
            throw values.bad("net-name", "there is no network \"\(name)\"")
        }
        return id
    }

    private func keyPair(_ request: MachineRequest, _ values: DriverValues, _ services: OpenStackServices) async throws
        -> String
    {
        if let given = values["keypair-name"] {
            return given
        }
        let name = Self.text(request.cluster, request.name, request.id)
        if try await !keyPairs(services).contains(name) {
            let body: JSON = ["keypair": ["name": .string(name), "public_key": .string(request.authorizedKey)]]
            try await services.compute.call("POST", "/os-keypairs", body: body, accepting: [409])
        }
        return name
    }

    /// The groups asked for, else the machine's own with a rule for each port and network.
    private func groups(_ request: MachineRequest, _ values: DriverValues, _ services: OpenStackServices) async throws
        -> [String]
    {
        let given = values.list("sec-groups")
        guard given.isEmpty else {
            return given
        }
        let name = Self.text(request.cluster, request.name, request.id)
        let path = "/v2.0/security-groups"
        let found = try await services.network.call("GET", path, query: [("name", name)]).body["security_groups"]
        var group = found.elements.first ?? .null
        if group.isNull {
            let body: JSON = ["security_group": ["name": .string(name), "description": "swarmctl"]]
            group = try await services.network.call("POST", path, body: body).body["security_group"]
        }
        guard let id = group["id"].text else {
            throw services.network.missing("security group")
        }
        let known = Set(group["security_group_rules"].elements.compactMap(Self.rule))
        let networks = request.allowFrom.isEmpty ? ["0.0.0.0/0", "::/0"] : request.allowFrom
        let missing = request.ports.flatMap { port in networks.map { "\(port) \($0)" } }.filter { !known.contains($0) }
        if !missing.isEmpty {
            let rules = missing.map { Self.rule($0, group: id) }
            let body: JSON = ["security_group_rules": .array(rules)]
            try await services.network.call("POST", "/v2.0/security-group-rules", body: body, accepting: [409])
        }
        return [name]
    }

    private static func rule(_ rule: JSON) -> String? {
        guard rule["direction"].text == "ingress", let port = rule["port_range_min"].integer else {
            return nil
        }
        return "\(port) \(rule["remote_ip_prefix"].text ?? "")"
    }

    private static func rule(_ text: String, group: String) -> JSON {
        let parts = text.split(separator: " ").map(String.init)
        let port = Int(parts.first ?? "") ?? 0
        let network = parts.last ?? ""
        return [
            "security_group_id": .string(group), "direction": "ingress", "protocol": "tcp",
            "ethertype": network.contains(":") ? "IPv6" : "IPv4", "port_range_min": .integer(port),
            "port_range_max": .integer(port), "remote_ip_prefix": .string(network),
        ]
    }
}
