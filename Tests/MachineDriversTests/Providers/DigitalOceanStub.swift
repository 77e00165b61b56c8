// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import HTTPTransfer
import MachineDrivers

/// DigitalOcean in memory.
struct DigitalOceanStub: StubState {
    private var droplets: [Int: JSON] = [:]
    private var keys: [Int: JSON] = [:]
    private var lastID = 100
    /// How many looks a droplet is still what it was.
    private var pending: [Int: String] = [:]

    mutating func answer(_ call: StubCall) -> StubAnswer {
        guard call.headers.contains(HTTPHeader("Authorization", "Bearer \(CloudTest.secret)")) else {
            return .ok(["id": "unauthorized", "message": "Unable to authenticate you"], status: 401)
        }
        switch call.parts.dropFirst().first {
        case "droplets": return droplet(call)
        case "account": return key(call)
        default:
            return .ok(["regions": [Self.region], "links": [:], "meta": ["total": 1]])
        }
    }

    private mutating func droplet(_ call: StubCall) -> StubAnswer {
        let id = call.parts.count > 2 ? Int(call.parts[2]) : nil
        switch (call.method, id) {
        case ("GET", nil): return list(call)
        case ("POST", nil): return make(call)
        case (_, let id?) where droplets[id] == nil: return Self.notFound
        case ("GET", let id?):
            defer { settle(id) }
            return .ok(["droplet": droplets[id] ?? .null])
        case ("DELETE", let id?):
            droplets[id] = nil
            return .nothing
        case ("POST", let id?): return act(id, call.body["type"].text ?? "")
        default: return Self.notFound
        }
    }

    private mutating func list(_ call: StubCall) -> StubAnswer {
        let wanted = call.query["tag_name"]
        let found = droplets.sorted { $0.key < $1.key }.map(\.value)
            .filter { droplet in wanted.map { droplet["tags"].elements.contains(.string($0)) } ?? true }
        return page(found, "droplets", call)
    }

    /// Two a page, so that pages matter.
    private func page(_ all: [JSON], _ name: String, _ call: StubCall) -> StubAnswer {
        let page = Int(call.query["page"] ?? "") ?? 1
        let rest = all.dropFirst((page - 1) * 2)
        let next: JSON = rest.count > 2 ? ["pages": ["next": "https://api/page"]] : [:]
        return .ok([name: .array(Array(rest.prefix(2))), "links": next, "meta": ["total": .integer(all.count)]])
    }

    private mutating func make(_ call: StubCall) -> StubAnswer {
        lastID += 1
        droplets[lastID] = Self.droplet(lastID, call.body)
        pending[lastID] = "active"
        return .ok(["droplet": droplets[lastID] ?? .null, "links": [:]], status: 202)
    }

    private static func droplet(_ id: Int, _ wanted: JSON) -> JSON {
        let size: JSON = [
            "slug": wanted["size"], "available": true, "disk": 25, "memory": 1024, "price_hourly": .number(0.00893),
            "price_monthly": 6, "regions": ["nyc3"], "transfer": 1, "vcpus": 1, "description": "Basic",
        ]
        return [
            "id": .integer(id), "name": wanted["name"], "status": "new", "tags": wanted["tags"],
            "networks": ["v4": [], "v6": []], "memory": 1024, "vcpus": 1, "disk": 25, "locked": false,
            "created_at": "2026-01-01T00:00:00Z", "features": [], "backup_ids": [], "next_backup_window": .null,
            "snapshot_ids": [], "image": [:], "volume_ids": [], "size": size, "size_slug": wanted["size"],
            "region": region,
        ]
    }

    private static let region: JSON = [
        "name": "New York 3", "slug": "nyc3", "features": [], "available": true, "sizes": ["s-1vcpu-1gb"],
    ]

    private mutating func act(_ id: Int, _ type: String) -> StubAnswer {
        let isOff = droplets[id]?["status"] == "off"
        guard isOff == (type == "power_on") else {
            return .ok(["id": "unprocessable_entity", "message": "not in this state"], status: 422)
        }
        pending[id] = ["shutdown": "off", "power_off": "off"][type] ?? "active"
        return .ok(["action": ["id": 1, "status": "in-progress", "type": .string(type)]], status: 201)
    }

    /// What was asked for has happened after one look.
    private mutating func settle(_ id: Int) {
        guard let state = pending.removeValue(forKey: id), case .object(var droplet) = droplets[id] else {
            return
        }
        droplet["status"] = .string(state)
        let addresses: [JSON] = [
            ["ip_address": "10.10.0.\(id % 250)", "netmask": "255.255.0.0", "gateway": "10.10.0.1", "type": "private"],
            [
                "ip_address": "192.0.2.\(id % 250)", "netmask": "255.255.255.0", "gateway": "192.0.2.1",
                "type": "public",
            ],
        ]
        droplet["networks"] = ["v4": .array(addresses), "v6": []]
        droplets[id] = .object(droplet)
    }

    private mutating func key(_ call: StubCall) -> StubAnswer {
        switch call.method {
        case "GET": return page(keys.sorted { $0.key < $1.key }.map(\.value), "ssh_keys", call)
        case "DELETE":
            return keys.removeValue(forKey: Int(call.parts.last ?? "") ?? 0) == nil ? Self.notFound : .nothing
        default:
            guard !keys.values.contains(where: { $0["public_key"] == call.body["public_key"] }) else {
                return .ok(["id": "unprocessable_entity", "message": "SSH Key is already in use"], status: 422)
            }
            lastID += 1
            keys[lastID] = [
                "id": .integer(lastID), "name": call.body["name"], "public_key": call.body["public_key"],
                "fingerprint": "00:11",
            ]
            return .ok(["ssh_key": keys[lastID] ?? .null], status: 201)
        }
    }

    private static let notFound = StubAnswer(
        status: 404,
        body: ["id": "not_found", "message": "The resource you requested could not be found."]
    )
}
