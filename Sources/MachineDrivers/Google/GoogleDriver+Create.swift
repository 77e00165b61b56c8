// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines
internal import SwarmCore

extension GoogleDriver {
    package func makeHost(
        _ request: MachineRequest,
        state: inout DriverState,
        save: @Sendable (DriverState) throws -> Void
    ) async throws -> CloudHost {
        let values = DriverValues(request.options, of: self)
        let google = try await google(request.options, request.name)
        let name = Tag.objectName(request.name, request.id)
        // The name is the id, and ours to choose: it is on disk before the instance is.
        state["id"] = name
        try save(state)
        try await firewall(request, values, name, google)
        let body = try instance(request, values, name, google)
        let operation = try await google.client
            .call("POST", "\(google.zonePath)/instances", body: body, accepting: [409], mayRepeat: true)
        if operation.status != 409 {
            try await google.finish(operation.body, at: google.zonePath, patience)
        }
        return CloudHost(id: name, state: .starting, address: nil)
    }

    private func firewall(
        _ request: MachineRequest,
        _ values: DriverValues,
        _ name: String,
        _ google: GoogleProject
    ) async throws {
        let path = "\(google.globalPath)/firewalls"
        guard try await google.client.find("\(path)/\(name)") == nil else {
            return
        }
        let ports = request.ports.map { "\($0)" }
        let others = try EC2Ingress.openPorts(values)
        let tcp = ports + others.filter { $0.transport == "tcp" }.map { "\($0.port)" }
        let udp = others.filter { $0.transport == "udp" }.map { "\($0.port)" }
        var allowed: [JSON] = [["IPProtocol": "tcp", "ports": .texts(tcp)]]
        allowed += udp.isEmpty ? [] : [["IPProtocol": "udp", "ports": .texts(udp)]]
        // A rule is for one family of addresses, and instances of a default network have IPv4 only.
        let networks = request.allowFrom.filter { !$0.contains(":") }
        let body: JSON = [
            "name": .string(name),
            "description": .string(Self.description(request)),
            "network": .string(network(values, google)),
            "direction": "INGRESS",
            "sourceRanges": .texts(request.allowFrom.isEmpty ? ["0.0.0.0/0"] : networks),
            "targetTags": [.string(name)],
            "allowed": .array(allowed),
        ]
        let operation = try await google.client.call("POST", path, body: body, accepting: [409], mayRepeat: true)
        if operation.status != 409 {
            try await google.finish(operation.body, at: google.globalPath, patience)
        }
    }

    private func instance(
        _ request: MachineRequest,
        _ values: DriverValues,
        _ name: String,
        _ google: GoogleProject
    ) throws -> JSON {
        let user = values["username"] ?? "docker-user"
        let userData = try CloudInit(environment: environment)
            .userData(for: request, user: user, extra: values["userdata"])
        var metadata = Tag.labels(of: request)
        metadata["user-data"] = userData
        let items = metadata.sorted { $0.key < $1.key }.map { ["key": .string($0), "value": .string($1)] as JSON }
        var labels = [Tag.id: request.id.lowercased()]
        for pair in try values.pairs("vm-labels") {
            labels[pair.key] = pair.value
        }
        let zone = "zones/\(google.zone)"
        let disk: JSON = [
            "boot": true, "autoDelete": true,
            "initializeParams": [
                "sourceImage": .string("projects/\(values["machine-image"] ?? "")"),
                "diskSizeGb": .string("\(try values.integer("disk-size", in: 10...65_536) ?? 10)"),
                "diskType": .string("\(zone)/diskTypes/\(values["disk-type"] ?? "pd-balanced")"),
            ],
        ]
        let access = JSON.without(nulls: [
            "type": "ONE_TO_ONE_NAT", "name": "External NAT", "natIP": .given(values["address"]),
        ])
        let interface = JSON.without(nulls: [
            "network": .string(network(values, google)), "subnetwork": .given(values["subnetwork"]),
            "accessConfigs": values.isOn("use-internal-ip-only") ? .null : [access],
        ])
        let account: JSON = [
            "email": .string(values["service-account"] ?? "default"), "scopes": .texts(values.list("scopes")),
        ]
        return .without(nulls: [
            "name": .string(name),
            "machineType": .string("\(zone)/machineTypes/\(values["machine-type"] ?? "")"),
            "labels": .texts(labels),
            "metadata": ["items": .array(items)],
            "tags": ["items": .texts([name] + values.list("tags"))],
            "disks": [disk],
            "networkInterfaces": [interface],
            "serviceAccounts": values["scopes"] == nil ? .null : [account],
            "scheduling": values.isOn("preemptible") ? ["provisioningModel": "SPOT"] : .null,
        ])
    }

    private func network(_ values: DriverValues, _ google: GoogleProject) -> String {
        let name = values["network"] ?? "default"
        return name.contains("/") ? name : "global/networks/\(name)"
    }
}
