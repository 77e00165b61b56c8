// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import HTTPTransfer
import MachineDrivers

/// Azure's login and resource manager in memory.
struct AzureStub: StubState {
    static let options = [
        "azure-subscription-id": "sub-1", "azure-tenant-id": "tenant-1", "azure-client-id": "client-1",
        "azure-client-secret": CloudTest.secret,
    ]
    private static let token = "eyJ0-token"

    /// Everything by its path in lower case, as Azure compares paths.
    private var resources: [String: JSON] = [:]
    private var pending: [String: String] = [:]
    private var lastAddress = 0

    mutating func answer(_ call: StubCall) -> StubAnswer {
        if call.path.hasSuffix("/oauth2/v2.0/token") {
            let isRight = call.body.text?.contains("client_secret=\(CloudTest.secret)") == true
            return isRight
                ? .ok(["access_token": .string(Self.token), "token_type": "Bearer", "expires_in": 3599])
                : .ok(["error": "invalid_client", "error_description": "no"], status: 401)
        }
        guard call.headers.contains(HTTPHeader("Authorization", "Bearer \(Self.token)")) else {
            return Self.error(401, "AuthenticationFailed")
        }
        let path = call.path.lowercased()
        if call.method == "GET", path.hasSuffix("/resourcegroups") || path.hasSuffix("/resources") {
            return list(path.hasSuffix("/resourcegroups"), call.query["$filter"] ?? "")
        }
        switch call.method {
        case "PUT": return put(path, call)
        case "GET":
            defer { settle(path) }
            return resources[path].map { .ok($0) } ?? Self.error(404, "ResourceNotFound")
        case "DELETE": return delete(path)
        default: return power(path)
        }
    }

    private func list(_ groups: Bool, _ filter: String) -> StubAnswer {
        let words = filter.components(separatedBy: "'")
        let value = words.count > 3 ? words[3] : nil
        let found = resources.filter { path, resource in
            let id = resource["tags"]["swarmctl-id"].text
            return path.contains("/providers/") != groups && id != nil && (value == nil || id == value)
        }
        return .ok(["value": .array(found.sorted { $0.key < $1.key }.map(\.value))])
    }

    private mutating func put(_ path: String, _ call: StubCall) -> StubAnswer {
        if let missing = missing(for: path, call.body) {
            return Self.error(404, missing)
        }
        var resource = call.body.members
        let parts = call.parts
        resource["id"] = .string(call.path)
        resource["name"] = .string(parts.last ?? "")
        if parts.count > 6 {
            resource["type"] = .string("\(parts[5])/\(parts[6])")
        }
        var properties = call.body["properties"].members
        let isMachine = path.contains("/virtualmachines/")
        properties["provisioningState"] = isMachine ? "Creating" : "Succeeded"
        if path.contains("/publicipaddresses/") {
            lastAddress += 1
            properties["ipAddress"] = .string("192.0.2.\(lastAddress % 250)")
        }
        if isMachine {
            pending[path] = "running"
        }
        resource["properties"] = .object(properties)
        let isNew = resources[path] == nil
        resources[path] = .object(resource)
        return .ok(.object(resource), status: isNew ? 201 : 200)
    }

    /// What a resource refers to must be there.
    private func missing(for path: String, _ body: JSON) -> String? {
        let parts = path.split(separator: "/")
        if parts.count > 4, resources["/" + parts.prefix(4).joined(separator: "/")] == nil {
            return "ResourceGroupNotFound"
        }
        let configuration = body["properties"]["ipConfigurations"].elements.first?["properties"] ?? .null
        let named = [
            body["properties"]["networkProfile"]["networkInterfaces"].elements.first?["id"] ?? .null,
            body["properties"]["networkSecurityGroup"]["id"], configuration["publicIPAddress"]["id"],
            configuration["subnet"]["id"],
        ]
        for name in named.compactMap(\.text) {
            let whole = name.lowercased().components(separatedBy: "/subnets/")[0]
            if resources[whole] == nil {
                return "InvalidResourceReference"
            }
        }
        return nil
    }

    private mutating func delete(_ path: String) -> StubAnswer {
        guard resources[path] != nil else {
            return Self.error(404, "ResourceNotFound")
        }
        resources = resources.filter { $0.key != path && !$0.key.hasPrefix(path + "/") }
        return StubAnswer(status: 202)
    }

    private mutating func power(_ path: String) -> StubAnswer {
        let parts = path.split(separator: "/")
        let machine = "/" + parts.dropLast().joined(separator: "/")
        guard resources[machine] != nil else {
            return Self.error(404, "ResourceNotFound")
        }
        pending[machine] = ["deallocate": "deallocated", "poweroff": "stopped"][parts.last ?? ""] ?? "running"
        return StubAnswer(status: 202)
    }

    /// What was asked for has happened after one look.
    private mutating func settle(_ path: String) {
        guard let state = pending.removeValue(forKey: path), case .object(var resource) = resources[path] else {
            return
        }
        var properties = resource["properties"]?.members ?? [:]
        properties["provisioningState"] = "Succeeded"
        properties["instanceView"] = ["statuses": [["code": .string("PowerState/\(state)")]]]
        resource["properties"] = .object(properties)
        resources[path] = .object(resource)
    }

    private static func error(_ status: Int, _ code: String) -> StubAnswer {
        .ok(["error": ["code": .string(code), "message": "no"]], status: status)
    }
}
