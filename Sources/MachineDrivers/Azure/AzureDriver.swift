// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import HTTPTransfer
package import Machines
internal import SwarmCore

/// Virtual machines of Azure.
///
/// Names there are ours to choose and each `PUT` can be made again: the group, the security group, the network, the
/// address, the interface and the machine are put one after the other. Unless a resource group is given, the machine
/// has one of its own, and everything goes with it.
package struct AzureDriver: CloudDriver {
    package let name = "azure"
    package let summary = "virtual machines of Microsoft Azure"
    package var options: [DriverOption] { Self.allOptions }
    package let patience: Patience

    let http: any HTTPSending
    let environment: [String: String]
    let tokens = OAuthTokens()

    /// - Parameters:
    ///   - http: makes the calls.
    ///   - environment: of the process.
    ///   - patience: how long machines are waited for.
    package init(http: any HTTPSending, environment: [String: String], patience: Patience = Patience()) {
        self.http = http
        self.environment = environment
        self.patience = patience
    }

    package func preCreate(_ request: MachineRequest) async throws {
        let values = DriverValues(request.options, of: self)
        _ = try AzureImage(values)
        let azure = try await azure(request.options, request.name)
        if let group = values["resource-group"] {
            guard try await azure.find(azure.group(group), AzureClient.groupsVersion) != nil else {
                throw values.bad(
                    "resource-group",
                    "there is no group \"\(group)\"; without one the machine gets its own"
                )
            }
        }
    }

    package func host(of machine: DriverMachine) async throws -> CloudHost? {
        let azure = try await azure(machine.options, machine.name)
        guard let path = try await vmPath(machine, azure),
            let vm = try await azure.find(path, AzureClient.computeVersion, [("$expand", "instanceView")])
        else {
            return nil
        }
        return CloudHost(
            id: path,
            state: Self.state(vm),
            address: try await address(machine, vm, azure)
        )
    }

    package func switchPower(_ power: CloudPower, of host: CloudHost, _ machine: DriverMachine) async throws {
        let azure = try await azure(machine.options, machine.name)
        let (verb, query): (String, [(String, String)]) =
            switch power {
            case .start: ("start", [])
            // Deallocated, not only powered off: a machine that is off but holds its hardware is paid for.
            case .stop: ("deallocate", [])
            case .kill: ("powerOff", [("skipShutdown", "true")])
            case .restart: ("restart", [])
            }
        try await azure.call("POST", "\(host.id)/\(verb)", AzureClient.computeVersion, query)
    }

    package func login(_ machine: DriverMachine) throws -> (user: String, port: UInt16) {
        (DriverValues(machine.options, of: self)["ssh-user"] ?? "docker-user", 22)
    }

    package func remove(_ machine: DriverMachine) async throws {
        let azure = try await azure(machine.options, machine.name)
        let groups = try await tagged(azure, machine.id, "/resourcegroups", AzureClient.groupsVersion)
        for group in groups {
            let path = azure.group(group["name"].text ?? "")
            try await azure.delete(path, AzureClient.groupsVersion, patience)
        }
        // What uses goes before what is used.
        let resources = try await tagged(azure, machine.id, "/resources", AzureClient.groupsVersion)
        for type in AzureClient.removalOrder {
            for resource in resources where resource["type"].text?.lowercased() == type.name.lowercased() {
                try await azure.delete(resource["id"].text ?? "", type.version, patience)
            }
        }
    }

    package func tagged(options: [String: String]) async throws -> [TaggedResource] {
        let azure = try await azure(options, "")
        let groups = try await tagged(azure, nil, "/resourcegroups", AzureClient.groupsVersion)
            .map { ("resource group", $0) }
        let resources = try await tagged(azure, nil, "/resources", AzureClient.groupsVersion)
            .map { ($0["type"].text?.split(separator: "/").last.map(String.init) ?? "resource", $0) }
        return (groups + resources).map { Tag.resource($0.0, $0.1["id"].text ?? "", $0.1["tags"].texts) }
    }

    // MARK: What there is

    /// Groups or resources that carry the tag `swarmctl-id`, with a value or with any.
    private func tagged(_ azure: AzureClient, _ id: String?, _ list: String, _ version: String) async throws -> [JSON] {
        let filter = "tagName eq '\(Tag.id)'" + (id.map { " and tagValue eq '\($0)'" } ?? "")
        return try await azure.list(azure.subscription + list, version, [("$filter", filter)])
            .filter { $0["tags"][Tag.id].text != nil }
    }

    /// From the state, else from the options and the name; `nil` for a machine of which only the id is known.
    private func vmPath(_ machine: DriverMachine, _ azure: AzureClient) async throws -> String? {
        if let id = machine.state["id"] {
            return id.hasPrefix("/subscriptions/") ? id : "/subscriptions/\(CloudClient.escape(id))"
        }
        guard !machine.name.isEmpty else {
            return nil
        }
        let name = Tag.objectName(machine.name, machine.id)
        let group = DriverValues(machine.options, of: self)["resource-group"] ?? name
        return azure.vm(group, name)
    }

    private func address(_ machine: DriverMachine, _ vm: JSON, _ azure: AzureClient) async throws -> String? {
        let values = DriverValues(machine.options, of: self)
        let name = Tag.objectName(machine.name, machine.id)
        let group = values["resource-group"] ?? name
        let version = AzureClient.networkVersion
        guard values.isOn("use-private-ip") || values.isOn("no-public-ip") else {
            let path = azure.resource(group, "Microsoft.Network/publicIPAddresses", "\(name)-ip")
            return try await azure.find(path, version)?["properties"]["ipAddress"].text
        }
        let path = azure.resource(group, "Microsoft.Network/networkInterfaces", "\(name)-nic")
        let interface = try await azure.find(path, version) ?? .null
        return interface["properties"]["ipConfigurations"].elements.first?["properties"]["privateIPAddress"].text
    }

    private static func state(_ vm: JSON) -> MachineState {
        let codes = vm["properties"]["instanceView"]["statuses"].elements.compactMap { $0["code"].text }
        switch codes.first(where: { $0.hasPrefix("PowerState/") }) {
        case "PowerState/starting": return .starting
        case "PowerState/running": return .running
        case "PowerState/stopping", "PowerState/deallocating": return .stopping
        case "PowerState/stopped", "PowerState/deallocated": return .stopped
        default:
            switch vm["properties"]["provisioningState"].text {
            case "Failed": return .error
            case "Deleting": return .notFound
            default: return .starting
            }
        }
    }
}
