// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import HTTPTransfer
internal import Machines
internal import SwarmCore

/// Azure's resource manager, for one subscription.
struct AzureClient: Sendable {
    static let computeVersion = "2024-07-01"
    static let networkVersion = "2024-05-01"
    static let groupsVersion = "2021-04-01"
    /// Types of resources that the driver makes, in the order in which they can be removed.
    static let removalOrder: [(name: String, version: String)] = [
        ("Microsoft.Compute/virtualMachines", computeVersion),
        ("Microsoft.Network/networkInterfaces", networkVersion),
        ("Microsoft.Network/publicIPAddresses", networkVersion),
        ("Microsoft.Network/virtualNetworks", networkVersion),
        ("Microsoft.Network/networkSecurityGroups", networkVersion),
    ]

    let client: CloudClient
    let subscriptionID: String

    var subscription: String { "/subscriptions/\(CloudClient.escape(subscriptionID))" }

    func group(_ name: String) -> String { "\(subscription)/resourcegroups/\(CloudClient.escape(name))" }

    func resource(_ group: String, _ type: String, _ name: String) -> String {
        "\(subscription)/resourceGroups/\(CloudClient.escape(group))/providers/\(type)/\(CloudClient.escape(name))"
    }

    func vm(_ group: String, _ name: String) -> String { resource(group, "Microsoft.Compute/virtualMachines", name) }

    @discardableResult
    func call(
        _ method: String,
        _ path: String,
        _ version: String,
        _ query: [(String, String)] = [],
        body: JSON? = nil,
        accepting accepted: Set<Int> = []
    ) async throws -> (status: Int, body: JSON) {
        try await client.call(
            method,
            path,
            query: query + [("api-version", version)],
            body: body,
            accepting: accepted,
            mayRepeat: true
        )
    }

    /// `nil` for what is not there.
    func find(_ path: String, _ version: String, _ query: [(String, String)] = []) async throws -> JSON? {
        let answer = try await call("GET", path, version, query, accepting: [404])
        return answer.status == 404 ? nil : answer.body
    }

    func list(_ path: String, _ version: String, _ query: [(String, String)]) async throws -> [JSON] {
        var answer = try await call("GET", path, version, query).body
        var items = answer["value"].elements
        while let next = answer["nextLink"].text, next.hasPrefix(client.base) {
            answer = try await client.call("GET", next).body
            items += answer["value"].elements
        }
        return items
    }

    /// Makes a resource what `body` says, and waits until it is.
    func put(_ path: String, _ version: String, _ body: JSON, _ patience: Patience) async throws {
        let answer = try await call("PUT", path, version, body: body).body
        guard answer["properties"]["provisioningState"].text != "Succeeded" else {
            return
        }
        let done: Bool? = try await patience.wait {
            switch try await find(path, version)?["properties"]["provisioningState"].text {
            case "Succeeded": return true
            case "Failed", "Canceled":
                throw client.problem("making \(path.split(separator: "/").last ?? "") failed", .failed)
            default: return nil
            }
        }
        guard done != nil else {
            throw client.problem("\(path) does not become ready", .unreachable, isTransient: true)
        }
    }

    /// Removes a resource, and waits until it is gone.
    func delete(_ path: String, _ version: String, _ patience: Patience) async throws {
        try await call("DELETE", path, version, accepting: [404])
        let gone: Bool? = try await patience.wait { try await find(path, version) == nil ? true : nil }
        guard gone != nil else {
            throw client.problem("\(path) does not go away", .unreachable, isTransient: true)
        }
    }
}

extension AzureDriver {
    func azure(_ options: [String: String], _ machine: String) async throws -> AzureClient {
        let values = DriverValues(options, of: self)
        let secret = try values.required("client-secret")
        let id = try values.required("client-id")
        let tenant = try values.required("tenant-id")
        let subscription = try values.required("subscription-id")
        let (base, login): (String, String) =
            switch values["environment"] ?? "AzurePublicCloud" {
            case "AzurePublicCloud": ("https://management.azure.com", "https://login.microsoftonline.com")
            case "AzureChinaCloud": ("https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn")
            case "AzureUSGovernmentCloud":
                ("https://management.usgovcloudapi.net", "https://login.microsoftonline.us")
            default: throw values.bad("environment", "it is none of Azure's clouds")
            }
        var client = CloudClient(
            http: http,
            driver: name,
            machine: machine,
            base: base,
            secrets: [secret],
            refusal: Self.refusal
        )
        let url = "\(login)/\(CloudClient.escape(tenant))/oauth2/v2.0/token"
        let token = try await tokens.token("\(tenant) \(id)", url: url, client) {
            [
                ("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret),
                ("scope", "\(base)/.default"),
            ]
        }
        client.secrets.append(token)
        client.authorize = { $0.headers.append(HTTPHeader("Authorization", "Bearer \(token)")) }
        return AzureClient(client: client, subscriptionID: subscription)
    }

    @Sendable private static func refusal(_ status: Int, _ body: JSON) -> CloudRefusal? {
        guard let message = body["error"]["message"].text else {
            return nil
        }
        let code = body["error"]["code"].text ?? ""
        let isFull =
            ["QuotaExceeded", "SkuNotAvailable", "AllocationFailed", "ZonalAllocationFailed"].contains(code)
            // Azure says so too when a quota of cores is used up.
            || (code == "OperationNotAllowed" && message.lowercased().contains("quota"))
        return CloudRefusal(
            code: code,
            message: message,
            kind: isFull ? .noCapacity : nil,
            isTransient: isFull ? false : nil
        )
    }
}
