// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import Machines
internal import SwarmCore

/// An image, as `PUBLISHER:OFFER:SKU:VERSION` or as a resource's id.
struct AzureImage {
    let reference: JSON

    /// - Throws: ``MachineError/badOption(option:driver:problem:)``.
    init(_ values: DriverValues) throws {
        let text = values["image"] ?? ""
        if text.hasPrefix("/subscriptions/") {
            reference = ["id": .string(text)]
            return
        }
        let parts = text.split(separator: ":").map(String.init)
        guard parts.count == 4 else {
            throw values.bad("image", "\"\(text)\" is not of the form PUBLISHER:OFFER:SKU:VERSION")
        }
        reference = [
            "publisher": .string(parts[0]), "offer": .string(parts[1]), "sku": .string(parts[2]),
            "version": .string(parts[3]),
        ]
    }
}

extension AzureDriver {
    /// What all resources of one machine have.
    private struct Plan {
        var group: String
        var name: String
        var location: JSON
        var tags: JSON
    }

    package func makeHost(
        _ request: MachineRequest,
        state: inout DriverState,
        save: @Sendable (DriverState) throws -> Void
    ) async throws -> CloudHost {
        let values = DriverValues(request.options, of: self)
        let azure = try await azure(request.options, request.name)
        let name = Tag.objectName(request.name, request.id)
        var tags = Tag.labels(of: request)
        for pair in try values.pairs("tags") {
            tags[pair.key] = pair.value
        }
        let plan = Plan(
            group: values["resource-group"] ?? name,
            name: name,
            location: .string(values["location"] ?? "westus2"),
            tags: .texts(tags)
        )
        let path = azure.vm(plan.group, name)
        // The path is the id, and ours to choose: it is on disk before the machine is.
        state["id"] = path
        try save(state)
        if values["resource-group"] == nil {
            let body: JSON = ["location": plan.location, "tags": plan.tags]
            try await azure.put(azure.group(name), AzureClient.groupsVersion, body, patience)
        }
        let interface = try await network(request, values, plan, azure)
        let body = try machine(request, values, plan, interface)
        try await azure.call("PUT", path, AzureClient.computeVersion, body: body)
        return CloudHost(id: path, state: .starting, address: nil)
    }

    /// Puts everything between the machine and the world; returns the interface's id.
    private func network(
        _ request: MachineRequest,
        _ values: DriverValues,
        _ plan: Plan,
        _ azure: AzureClient
    ) async throws -> String {
        let version = AzureClient.networkVersion
        func path(_ type: String, _ suffix: String) -> String {
            azure.resource(plan.group, "Microsoft.Network/\(type)", plan.name + suffix)
        }
        func put(_ path: String, _ members: [String: JSON], sku: JSON = .null) async throws {
            let body = JSON.without(nulls: [
                "location": plan.location, "tags": plan.tags, "sku": sku, "properties": .object(members),
            ])
            try await azure.put(path, version, body, patience)
        }
        let firewall = path("networkSecurityGroups", "-firewall")
        try await put(firewall, ["securityRules": .array(try rules(request, values))])
        let prefix = JSON.string(values["subnet-prefix"] ?? "192.168.0.0/16")
        let vnet = path("virtualNetworks", "-vnet")
        let subnet = values["subnet"] ?? "docker-machine"
        try await put(
            vnet,
            [
                "addressSpace": ["addressPrefixes": [prefix]],
                "subnets": [["name": .string(subnet), "properties": ["addressPrefix": prefix]]],
            ]
        )
        var configuration: [String: JSON] = ["subnet": ["id": .string("\(vnet)/subnets/\(subnet)")]]
        if !values.isOn("no-public-ip") {
            let address = path("publicIPAddresses", "-ip")
            let label: JSON = values["dns"].map { ["domainNameLabel": .string($0)] } ?? .null
            try await put(
                address,
                JSON.without(nulls: ["publicIPAllocationMethod": "Static", "dnsSettings": label]).members,
                sku: ["name": "Standard"]
            )
            configuration["publicIPAddress"] = ["id": .string(address)]
        }
        if let fixed = values["private-ip-address"] {
            configuration["privateIPAddress"] = .string(fixed)
            configuration["privateIPAllocationMethod"] = "Static"
        }
        let interface = path("networkInterfaces", "-nic")
        try await put(
            interface,
            [
                "networkSecurityGroup": ["id": .string(firewall)],
                "ipConfigurations": [["name": "ip", "properties": .object(configuration)]],
            ]
        )
        return interface
    }

    private func rules(_ request: MachineRequest, _ values: DriverValues) throws -> [JSON] {
        let sources: JSON = .texts(request.allowFrom.isEmpty ? ["0.0.0.0/0"] : request.allowFrom)
        let ports = request.ports.map { (transport: "tcp", port: $0) } + (try EC2Ingress.openPorts(values))
        return ports.enumerated().map { index, port in
            [
                "name": .string("swarmctl-\(port.transport)-\(port.port)"),
                "properties": [
                    "priority": .integer(100 + index), "direction": "Inbound", "access": "Allow",
                    "protocol": port.transport == "udp" ? "Udp" : "Tcp", "sourceAddressPrefixes": sources,
                    "sourcePortRange": "*", "destinationAddressPrefix": "*",
                    "destinationPortRange": .string("\(port.port)"),
                ],
            ]
        }
    }

    private func machine(_ request: MachineRequest, _ values: DriverValues, _ plan: Plan, _ interface: String) throws
        -> JSON
    {
        let user = values["ssh-user"] ?? "docker-user"
        let userData = try CloudInit(environment: environment)
            .userData(for: request, user: user, extra: values["custom-data"])
        let key: JSON = [
            "path": .string("/home/\(user)/.ssh/authorized_keys"), "keyData": .string(request.authorizedKey),
        ]
        let disk: JSON = [
            "createOption": "FromImage", "deleteOption": "Delete", "name": .string("\(plan.name)-disk"),
            "diskSizeGB": .integer(try values.integer("disk-size", in: 30...4095) ?? 30),
            "managedDisk": ["storageAccountType": .string(values["storage-type"] ?? "Standard_LRS")],
        ]
        return [
            "location": plan.location,
            "tags": plan.tags,
            "properties": [
                "hardwareProfile": ["vmSize": .string(values["size"] ?? "Standard_B2s")],
                "storageProfile": ["imageReference": try AzureImage(values).reference, "osDisk": disk],
                "osProfile": [
                    // Dots and more than 64 characters are not taken.
                    "computerName": .string(plan.name), "adminUsername": .string(user),
                    "customData": .string(Data(userData.utf8).base64EncodedString()),
                    "linuxConfiguration": [
                        "disablePasswordAuthentication": true, "ssh": ["publicKeys": [key]],
                    ],
                ],
                "networkProfile": [
                    "networkInterfaces": [["id": .string(interface), "properties": ["primary": true]]]
                ],
            ],
        ]
    }
}
