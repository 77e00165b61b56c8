// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import HTTPTransfer
import MachineDrivers
import PKI

/// Google's token service and Compute Engine in memory.
struct GoogleStub: StubState {
    private static let token = "ya29.token"
    private static let key = (try? PrivateKey.generate(.rsa2048)).map { String(decoding: $0.pem, as: UTF8.self) } ?? ""
    /// A line of the private key that is like no other.
    static let keyLine = String(key.split(separator: "\n").dropFirst(2).first ?? "there is no key")
    /// A service account whose private key is made for this run.
    static let account: String = {
        let document: JSON = [
            "type": "service_account", "project_id": "lab-1", "private_key_id": "k1", "private_key": .string(key),
            "client_email": "ops@lab-1.iam.gserviceaccount.com", "token_uri": "https://oauth2.example/token",
        ]
        return (try? document.bytes()).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }()

    private var instances: [String: JSON] = [:]
    private var firewalls: [String: JSON] = [:]
    private var pending: [String: String] = [:]
    private var lastAddress = 0

    mutating func answer(_ call: StubCall) -> StubAnswer {
        if call.path == "/token" {
            return Self.tokens(call)
        }
        guard call.headers.contains(HTTPHeader("Authorization", "Bearer \(Self.token)")) else {
            return Self.error(401, "authError")
        }
        // /compute/v1/projects/P/global/X/… and /compute/v1/projects/P/zones/Z/X/…
        let rest = call.parts[4] == "global" ? call.parts.dropFirst(5) : call.parts.dropFirst(6)
        let parts = Array(rest)
        switch parts.first {
        case "instances": return instance(call, parts)
        case "firewalls": return firewall(call, parts)
        case "machineTypes": return .ok(["name": .string(parts.last ?? "")])
        case "operations": return .ok(["name": .string(parts.last ?? ""), "status": "DONE"])
        default: return Self.error(404, "notFound")
        }
    }

    /// Checks the claims of the assertion; its signature is checked elsewhere.
    private static func tokens(_ call: StubCall) -> StubAnswer {
        let form = call.body.text ?? ""
        let assertion = form.components(separatedBy: "assertion=").last ?? ""
        let parts = assertion.split(separator: ".").map(String.init)
        guard form.contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"), parts.count == 3,
            let claims = decoded(parts[1]), claims["aud"] == "https://oauth2.example/token",
            let issued = claims["iat"].integer, claims["exp"].integer == issued + 3600,
            decoded(parts[0])?["alg"] == "RS256"
        else {
            return .ok(["error": "invalid_grant", "error_description": "no"], status: 400)
        }
        return .ok(["access_token": .string(token), "expires_in": 3599, "token_type": "Bearer"])
    }

    private static func decoded(_ text: String) -> JSON? {
        var base64 = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
        return Data(base64Encoded: base64).flatMap { try? JSON(parsing: Array($0)) }
    }

    private mutating func instance(_ call: StubCall, _ parts: [String]) -> StubAnswer {
        let name = parts.count > 1 ? parts[1] : nil
        switch (call.method, name) {
        case ("GET", nil):
            let wanted = (call.query["filter"] ?? "").split(separator: "=").dropFirst().first.map(String.init)
            let found = instances.values.filter { instance in
                wanted.map { instance["labels"]["swarmctl-id"].text == $0 } ?? true
            }
            return .ok(["items": .array(found)])
        case ("POST", nil): return make(call.body)
        case (_, let name?) where instances[name] == nil: return Self.error(404, "notFound")
        case ("GET", let name?):
            defer { settle(name) }
            return .ok(instances[name] ?? .null)
        case ("DELETE", let name?):
            instances[name] = nil
            return Self.operation
        case (_, let name?):
            pending[name] = parts.last == "stop" ? "TERMINATED" : "RUNNING"
            return Self.operation
        default: return Self.error(404, "notFound")
        }
    }

    private mutating func make(_ wanted: JSON) -> StubAnswer {
        let name = wanted["name"].text ?? ""
        guard firewalls[name]?["targetTags"] == wanted["tags"]["items"] else {
            return Self.error(400, "invalid")
        }
        guard instances[name] == nil else {
            return Self.error(409, "alreadyExists")
        }
        lastAddress += 1
        var instance = wanted.members
        instance["status"] = "STAGING"
        let address = JSON.string("192.0.2.\(lastAddress % 250)")
        instance["networkInterfaces"] = [["networkIP": "10.128.0.2", "accessConfigs": [["natIP": address]]]]
        instances[name] = .object(instance)
        pending[name] = "RUNNING"
        return Self.operation
    }

    /// What was asked for has happened after one look.
    private mutating func settle(_ name: String) {
        guard let state = pending.removeValue(forKey: name), case .object(var instance) = instances[name] else {
            return
        }
        instance["status"] = .string(state)
        instances[name] = .object(instance)
    }

    private mutating func firewall(_ call: StubCall, _ parts: [String]) -> StubAnswer {
        let name = parts.count > 1 ? parts[1] : call.body["name"].text ?? ""
        switch call.method {
        case "GET" where parts.count == 1: return .ok(["items": .array(Array(firewalls.values))])
        case "POST":
            guard firewalls[name] == nil else {
                return Self.error(409, "alreadyExists")
            }
            firewalls[name] = call.body
            return Self.operation
        case "DELETE":
            return firewalls.removeValue(forKey: name) == nil ? Self.error(404, "notFound") : Self.operation
        default: return firewalls[name].map { .ok($0) } ?? Self.error(404, "notFound")
        }
    }

    private static let operation = StubAnswer(status: 200, body: ["name": "operation-1", "status": "PENDING"])

    private static func error(_ code: Int, _ reason: String) -> StubAnswer {
        let detail: JSON = ["reason": .string(reason), "message": "no"]
        return .ok(["error": ["code": .integer(code), "message": "no", "errors": [detail]]], status: code)
    }
}
