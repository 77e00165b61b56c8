// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import HTTPTransfer
import MachineDrivers

/// keystone, nova, neutron and glance in memory.
struct OpenStackStub: StubState {
    static let options = [
        "openstack-auth-url": "https://cloud.example", "openstack-username": "ops",
        "openstack-password": CloudTest.secret, "openstack-tenant-name": "lab", "openstack-flavor-name": "m1.small",
        "openstack-image-name": "debian-13", "openstack-net-name": "inside", "openstack-floatingip-pool": "outside",
    ]
    static let token = "gAAAA-token"

    private var servers: [String: JSON] = [:]
    private var keyPairs: [String: JSON] = [:]
    private var groups: [String: JSON] = [:]
    private var floating: [String: JSON] = [:]
    private var pending: [String: String] = [:]
    private var count = 0

    mutating func answer(_ call: StubCall) -> StubAnswer {
        if call.parts.contains("tokens") {
            return tokens(call)
        }
        guard call.headers.contains(HTTPHeader("X-Auth-Token", Self.token)) else {
            return Self.error("unauthorized", 401)
        }
        switch call.parts.first == "glance" ? "images" : call.parts[1] {
        case "servers": return server(call)
        case "os-keypairs": return keyPair(call)
        case "flavors": return .ok(["flavors": [["id": "f1", "name": "m1.small", "links": []]]])
        case "images": return .ok(["images": [["id": "i1", "name": call.query["name"].map { .string($0) } ?? .null]]])
        case "networks": return .ok(["networks": [["id": .string("net-\(call.query["name"] ?? "")")]]])
        case "ports": return .ok(["ports": [["id": .string("port-\(call.query["device_id"] ?? "")")]]])
        case "security-groups": return group(call)
        case "security-group-rules": return rules(call)
        default: return floatingIP(call)
        }
    }

    private func tokens(_ call: StubCall) -> StubAnswer {
        guard call.body["auth"]["identity"]["password"]["user"]["password"].text == CloudTest.secret else {
            return Self.error("unauthorized", 401)
        }
        let base = "https://cloud.example"
        let catalog = [("compute", "/v2.1"), ("network", ""), ("image", "/glance")].map { type, path -> JSON in
            let endpoint: JSON = ["interface": "public", "region_id": "one", "url": .string(base + path)]
            return ["type": .string(type), "endpoints": [endpoint]]
        }
        return StubAnswer(
            status: 201,
            body: ["token": ["catalog": .array(catalog)]],
            headers: [HTTPHeader("X-Subject-Token", Self.token)]
        )
    }

    // MARK: nova

    private mutating func server(_ call: StubCall) -> StubAnswer {
        let id = call.parts.count > 2 && call.parts[2] != "detail" ? call.parts[2] : nil
        switch (call.method, id) {
        case ("GET", nil):
            let pattern = call.query["name"] ?? ""
            let found = servers.values.filter {
                ($0["name"].text ?? "").range(of: pattern, options: .regularExpression) != nil
            }
            return .ok(["servers": .array(found)])
        case ("POST", nil): return make(call.body["server"])
        case (_, let id?) where servers[id] == nil: return Self.error("itemNotFound", 404)
        case ("GET", let id?):
            defer { settle(id) }
            return .ok(["server": servers[id] ?? .null])
        case ("DELETE", let id?):
            servers[id] = nil
            return .nothing
        case (_, let id?):
            let isStopped = servers[id]?["status"] == "SHUTOFF"
            guard isStopped == call.body.members.keys.contains("os-start") else {
                return Self.error("conflictingRequest", 409)
            }
            pending[id] = call.body.members.keys.contains("os-stop") ? "SHUTOFF" : "ACTIVE"
            return StubAnswer(status: 202)
        default: return Self.error("itemNotFound", 404)
        }
    }

    private mutating func make(_ wanted: JSON) -> StubAnswer {
        guard let key = wanted["key_name"].text, keyPairs[key] != nil,
            let group = wanted["security_groups"].elements.first,
            let rules = groups.values.first(where: { $0["name"] == group["name"] })?["security_group_rules"],
            // 22 and 2376, from IPv4 and IPv6.
            rules.elements.count == 4
        else {
            return Self.error("badRequest", 400)
        }
        count += 1
        let id = "server-\(count)"
        servers[id] = [
            "id": .string(id), "name": wanted["name"], "status": "BUILD", "metadata": wanted["metadata"],
            "addresses": [:], "accessIPv4": "", "accessIPv6": "", "config_drive": "",
            "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z",
            "flavor": ["id": wanted["flavorRef"], "links": []],
            "hostId": "", "image": ["id": wanted["imageRef"], "links": []], "key_name": wanted["key_name"], "links": [],
            "os-extended-volumes:volumes_attached": [], "tenant_id": "t", "user_id": "u", "OS-DCF:diskConfig": "MANUAL",
            "OS-EXT-AZ:availability_zone": "nova", "OS-EXT-STS:power_state": 1, "OS-EXT-STS:task_state": .null,
            "OS-EXT-STS:vm_state": "active", "OS-SRV-USG:launched_at": .null, "OS-SRV-USG:terminated_at": .null,
        ]
        pending[id] = "ACTIVE"
        let made: JSON = [
            "id": .string(id), "links": [], "security_groups": wanted["security_groups"], "OS-DCF:diskConfig": "MANUAL",
            "adminPass": "x",
        ]
        return .ok(["server": made], status: 202)
    }

    /// What was asked for has happened after one look.
    private mutating func settle(_ id: String) {
        guard let state = pending.removeValue(forKey: id), case .object(var server) = servers[id] else {
            return
        }
        server["status"] = .string(state)
        if server["addresses"] == [:] {
            server["addresses"] = ["inside": [Self.address("10.0.0.\(count % 250)", "fixed")]]
        }
        servers[id] = .object(server)
    }

    private static func address(_ text: String, _ type: String) -> JSON {
        [
            "addr": .string(text), "version": 4, "OS-EXT-IPS:type": .string(type),
            "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:00:00:01",
        ]
    }

    private mutating func keyPair(_ call: StubCall) -> StubAnswer {
        switch call.method {
        case "GET": return .ok(["keypairs": .array(keyPairs.values.map { ["keypair": $0] })])
        case "DELETE":
            return keyPairs.removeValue(forKey: call.parts.last ?? "") == nil
                ? Self.error("itemNotFound", 404) : StubAnswer(status: 202)
        default:
            let wanted = call.body["keypair"]
            let name = wanted["name"].text ?? ""
            guard keyPairs[name] == nil else {
                return Self.error("conflictingRequest", 409)
            }
            keyPairs[name] = ["name": .string(name), "public_key": wanted["public_key"], "fingerprint": "00:11"]
            let made: JSON = [
                "name": .string(name), "public_key": wanted["public_key"], "fingerprint": "00:11", "user_id": "u",
            ]
            return .ok(["keypair": made])
        }
    }

    // MARK: neutron

    private mutating func group(_ call: StubCall) -> StubAnswer {
        switch call.method {
        case "GET":
            let found = groups.values.filter { group in call.query["name"].map { group["name"].text == $0 } ?? true }
            return .ok(["security_groups": .array(found)])
        case "DELETE":
            let id = call.parts.last ?? ""
            let name = groups[id]?["name"].text
            guard !servers.values.contains(where: { $0["key_name"].text == name }) else {
                return .ok(["NeutronError": ["type": "SecurityGroupInUse", "message": "in use"]], status: 409)
            }
            return groups.removeValue(forKey: id) == nil ? Self.error("NotFound", 404) : .nothing
        default:
            count += 1
            let id = "group-\(count)"
            groups[id] = ["id": .string(id), "name": call.body["security_group"]["name"], "security_group_rules": []]
            return .ok(["security_group": groups[id] ?? .null], status: 201)
        }
    }

    private mutating func rules(_ call: StubCall) -> StubAnswer {
        let rules = call.body["security_group_rules"].elements
        for rule in rules {
            guard let id = rule["security_group_id"].text, case .object(var group) = groups[id] else {
                return Self.error("NotFound", 404)
            }
            group["security_group_rules"] = .array((group["security_group_rules"]?.elements ?? []) + [rule])
            groups[id] = .object(group)
        }
        return .ok(["security_group_rules": .array(rules)], status: 201)
    }

    private mutating func floatingIP(_ call: StubCall) -> StubAnswer {
        switch call.method {
        case "GET": return .ok(["floatingips": .array(Array(floating.values))])
        case "DELETE":
            return floating.removeValue(forKey: call.parts.last ?? "") == nil ? Self.error("NotFound", 404) : .nothing
        default:
            let wanted = call.body["floatingip"]
            count += 1
            let id = "floating-\(count)"
            floating[id] = ["id": .string(id), "description": wanted["description"], "port_id": wanted["port_id"]]
            let server = (wanted["port_id"].text ?? "").replacingOccurrences(of: "port-", with: "")
            if case .object(var members) = servers[server] {
                let known = members["addresses"]?["inside"].elements ?? []
                let address = Self.address("192.0.2.\(count % 250)", "floating")
                members["addresses"] = ["inside": .array(known + [address])]
                servers[server] = .object(members)
            }
            return .ok(["floatingip": floating[id] ?? .null], status: 201)
        }
    }

    private static func error(_ code: String, _ status: Int) -> StubAnswer {
        .ok([code: ["code": .integer(status), "message": .string("refused: \(code)")]], status: status)
    }
}
