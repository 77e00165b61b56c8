// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import HTTPTransfer
import MachineDrivers

/// Hetzner Cloud in memory.
struct HetznerStub: StubState {
    private var servers: [Int: JSON] = [:]
    private var keys: [Int: JSON] = [:]
    private var lastID = 100
    private var pending: [Int: String] = [:]

    mutating func answer(_ call: StubCall) -> StubAnswer {
        guard call.headers.contains(HTTPHeader("Authorization", "Bearer \(CloudTest.secret)")) else {
            return Self.error("unauthorized", 401)
        }
        switch call.parts.dropFirst().first {
        case "servers": return server(call)
        case "ssh_keys": return key(call)
        case "locations": return page([["id": 1, "name": "fsn1"]], "locations", call)
        default: return page([["id": 1, "name": "cx23"]], "server_types", call)
        }
    }

    private mutating func server(_ call: StubCall) -> StubAnswer {
        let id = call.parts.count > 2 ? Int(call.parts[2]) : nil
        switch (call.method, id) {
        case ("GET", nil): return page(selected(servers, call), "servers", call)
        case ("POST", nil): return make(call)
        case (_, let id?) where servers[id] == nil: return Self.error("not_found", 404)
        case ("GET", let id?):
            defer { settle(id) }
            return .ok(["server": servers[id] ?? .null])
        case ("DELETE", let id?):
            servers[id] = nil
            return .ok(["action": ["id": 1]])
        case ("POST", let id?): return act(id, call.parts.last ?? "")
        default: return Self.error("not_found", 404)
        }
    }

    private func selected(_ all: [Int: JSON], _ call: StubCall) -> [JSON] {
        let parts = (call.query["label_selector"] ?? "").split(separator: "=").map(String.init)
        return all.sorted { $0.key < $1.key }.map(\.value).filter { object in
            switch parts.count {
            case 2: object["labels"][parts[0]].text == parts[1]
            case 1: !object["labels"][parts[0]].isNull
            default: true
            }
        }
    }

    /// Two a page, so that pages matter.
    private func page(_ all: [JSON], _ name: String, _ call: StubCall) -> StubAnswer {
        let page = Int(call.query["page"] ?? "") ?? 1
        let rest = all.dropFirst((page - 1) * 2)
        let next: JSON = rest.count > 2 ? .integer(page + 1) : .null
        return .ok([
            name: .array(Array(rest.prefix(2))), "meta": ["pagination": ["page": .integer(page), "next_page": next]],
        ])
    }

    private mutating func make(_ call: StubCall) -> StubAnswer {
        guard !servers.values.contains(where: { $0["name"] == call.body["name"] }) else {
            return Self.error("uniqueness_error", 409)
        }
        lastID += 1
        servers[lastID] = [
            "id": .integer(lastID), "name": call.body["name"], "status": "initializing", "labels": call.body["labels"],
            "public_net": ["ipv4": ["ip": "192.0.2.\(lastID % 250)"], "ipv6": ["ip": "2001:db8::/64"]],
        ]
        pending[lastID] = "running"
        return .ok(
            ["server": servers[lastID] ?? .null, "action": ["id": 1], "next_actions": [], "root_password": .null],
            status: 201
        )
    }

    private mutating func act(_ id: Int, _ action: String) -> StubAnswer {
        pending[id] = ["shutdown": "off", "poweroff": "off"][action] ?? "running"
        return .ok(["action": ["id": 1]], status: 201)
    }

    /// What was asked for has happened after one look.
    private mutating func settle(_ id: Int) {
        guard let state = pending.removeValue(forKey: id), case .object(var server) = servers[id] else {
            return
        }
        server["status"] = .string(state)
        servers[id] = .object(server)
    }

    private mutating func key(_ call: StubCall) -> StubAnswer {
        switch call.method {
        case "GET": return page(selected(keys, call), "ssh_keys", call)
        case "DELETE":
            let isThere = keys.removeValue(forKey: Int(call.parts.last ?? "") ?? 0) != nil
            return isThere ? .nothing : Self.error("not_found", 404)
        default:
            guard !keys.values.contains(where: { $0["public_key"] == call.body["public_key"] }) else {
                return Self.error("uniqueness_error", 409)
            }
            lastID += 1
            keys[lastID] = [
                "id": .integer(lastID), "name": call.body["name"], "public_key": call.body["public_key"],
                "labels": call.body["labels"],
            ]
            return .ok(["ssh_key": keys[lastID] ?? .null], status: 201)
        }
    }

    private static func error(_ code: String, _ status: Int) -> StubAnswer {
        .ok(["error": ["code": .string(code), "message": .string("refused: \(code)")]], status: status)
    }
}
