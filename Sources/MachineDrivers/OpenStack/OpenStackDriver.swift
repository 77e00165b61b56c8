// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import HTTPTransfer
package import Machines
internal import SwarmCore

/// Servers of an OpenStack cloud: nova, neutron and glance, with keystone v3.
///
/// Key pairs have no tags there, and groups and addresses a text only: a name holds all three tags.
package struct OpenStackDriver: CloudDriver {
    package let name = "openstack"
    package let summary = "servers of an OpenStack cloud"
    package var options: [DriverOption] { Self.allOptions }
    package let patience: Patience

    let http: any HTTPSending
    let environment: [String: String]
    let sessions = KeystoneSessions()

    /// - Parameters:
    ///   - http: makes the calls.
    ///   - environment: of the process.
    ///   - patience: how long servers are waited for.
    package init(http: any HTTPSending, environment: [String: String], patience: Patience = Patience()) {
        self.http = http
        self.environment = environment
        self.patience = patience
    }

    package func preCreate(_ request: MachineRequest) async throws {
        let values = DriverValues(request.options, of: self)
        _ = try values.sshPort()
        guard !values.isOn("insecure") else {
            throw values.bad("insecure", "certificates are always verified: name the authority with --openstack-cacert")
        }
        guard !values.isOn("nova-network") else {
            throw values.bad("nova-network", "OpenStack no longer has it")
        }
        let services = try await services(request.options, request.name)
        _ = try await flavor(values, services)
        _ = try await image(values, services)
        _ = try await network(values, services)
    }

    package func host(of machine: DriverMachine) async throws -> CloudHost? {
        let services = try await services(machine.options, machine.name)
        if let id = machine.state["id"] {
            let found = try await services.compute.find("/servers/\(CloudClient.escape(id))")
            return found.map { host($0["server"], machine) }
        }
        return try await servers(machine, services).map { host($0, machine) }.first
    }

    package func switchPower(_ power: CloudPower, of host: CloudHost, _ machine: DriverMachine) async throws {
        let body: JSON =
            switch power {
            case .start: ["os-start": .null]
            case .stop, .kill: ["os-stop": .null]
            case .restart: ["reboot": ["type": "SOFT"]]
            }
        try await services(machine.options, machine.name).compute
            .call("POST", "/servers/\(host.id)/action", body: body)
    }

    package func login(_ machine: DriverMachine) throws -> (user: String, port: UInt16) {
        let values = DriverValues(machine.options, of: self)
        return (values["ssh-user"] ?? "root", try values.sshPort())
    }

    /// The server first, and only when it is gone what it used: neutron refuses otherwise.
    package func remove(_ machine: DriverMachine) async throws {
        let services = try await services(machine.options, machine.name)
        let servers = try await servers(machine, services)
        for server in servers {
            try await services.compute.call("DELETE", "/servers/\(server["id"].text ?? "")", accepting: [404])
        }
        let isGone: Bool? = try await patience.wait {
            let isEmpty = servers.isEmpty ? true : try await self.servers(machine, services).isEmpty
            return isEmpty ? true : nil
        }
        guard isGone != nil else {
            throw problem(machine, "its server does not end", .unreachable, isTransient: true)
        }
        for (kind, path) in [("floatingips", "/v2.0/floatingips"), ("security_groups", "/v2.0/security-groups")] {
            let all = try await services.network.call("GET", path).body[kind].elements
            for object in all where Self.labels(Self.text(of: object, kind))[Tag.id] == machine.id {
                try await services.network.call("DELETE", "\(path)/\(object["id"].text ?? "")", accepting: [404])
            }
        }
        for key in try await keyPairs(services) where Self.labels(key)[Tag.id] == machine.id {
            try await services.compute.call("DELETE", "/os-keypairs/\(CloudClient.escape(key))", accepting: [404])
        }
    }

    package func tagged(options: [String: String]) async throws -> [TaggedResource] {
        let services = try await services(options, "")
        let servers = try await services.compute.call("GET", "/servers/detail", query: [("name", "^swarmctl-")]).body
        var found = servers["servers"].elements.map { ("server", $0["id"].text ?? "", $0["metadata"].texts) }
        for (word, kind, path) in [
            ("floating IP", "floatingips", "/v2.0/floatingips"),
            ("security group", "security_groups", "/v2.0/security-groups"),
        ] {
            let all = try await services.network.call("GET", path).body[kind].elements
            found += all.map { (word, $0["id"].text ?? "", Self.labels(Self.text(of: $0, kind))) }
        }
        found += try await keyPairs(services).map { ("key pair", $0, Self.labels($0)) }
        return found.filter { $0.2[Tag.id] != nil }.map { Tag.resource($0.0, $0.1, $0.2) }
    }

    // MARK: What there is

    /// The machine's servers; nova finds them by name only.
    private func servers(_ machine: DriverMachine, _ services: OpenStackServices) async throws -> [JSON] {
        let name = machine.name.isEmpty ? "^swarmctl-" : "^\(Tag.objectName(machine.name, machine.id))$"
        let found = try await services.compute.call("GET", "/servers/detail", query: [("name", name)]).body
        return found["servers"].elements.filter { $0["metadata"][Tag.id].text == machine.id }
    }

    func keyPairs(_ services: OpenStackServices) async throws -> [String] {
        try await services.compute.call("GET", "/os-keypairs").body["keypairs"].elements
            .compactMap { $0["keypair"]["name"].text }
    }

    func host(_ server: JSON, _ machine: DriverMachine) -> CloudHost {
        let state: MachineState =
            switch server["status"].text {
            case "BUILD", "REBOOT", "HARD_REBOOT": .starting
            case "ACTIVE": .running
            case "SHUTOFF", "SUSPENDED", "SHELVED", "SHELVED_OFFLOADED": .stopped
            case "PAUSED": .paused
            case "ERROR": .error
            case "DELETED", "SOFT_DELETED": .notFound
            default: .unknown
            }
        let values = DriverValues(machine.options, of: self)
        let version = values["ip-version"] == "6" ? 6 : 4
        let addresses = server["addresses"].members.sorted { $0.key < $1.key }.flatMap(\.value.elements)
            .filter { $0["version"].integer == version }
        let floating = addresses.first { $0["OS-EXT-IPS:type"].text == "floating" }
        let chosen = floating ?? (values["floatingip-pool"] == nil ? addresses.first : nil)
        return CloudHost(id: server["id"].text ?? "", state: state, address: chosen?["addr"].text)
    }

    // MARK: Names that hold the tags

    /// `swarmctl_CLUSTER_MACHINE_ID`: no name has a `_`, and a space stands for the dot, which nova does not take.
    static func text(_ cluster: String, _ machine: String, _ id: String) -> String {
        "swarmctl_\(cluster)_\(machine)_\(id)".replacingOccurrences(of: ".", with: " ")
    }

    static func labels(_ text: String) -> [String: String] {
        let parts = text.replacingOccurrences(of: " ", with: ".").split(
            separator: "_",
            omittingEmptySubsequences: false
        ).map(String.init)
        guard parts.count == 4, parts[0] == "swarmctl" else {
            return [:]
        }
        return [Tag.cluster: parts[1], Tag.machine: parts[2], Tag.id: parts[3]]
    }

    /// Where neutron keeps our text.
    static func text(of object: JSON, _ kind: String) -> String {
        object[kind == "floatingips" ? "description" : "name"].text ?? ""
    }
}
