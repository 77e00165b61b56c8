// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import HTTPTransfer
internal import Machines
internal import SwarmCore
internal import Synchronization

/// A token of keystone (v3), and where the services are.
struct KeystoneSession: Sendable {
    let token: String
    /// Base URLs by the service's type.
    let endpoints: [String: String]
}

/// Gets tokens, each once.
final class KeystoneSessions: Sendable {
    private let known = Mutex<[String: KeystoneSession]>([:])

    /// The session for what `values` say.
    ///
    /// - Parameters:
    ///   - values: the driver's options.
    ///   - client: for keystone, without a token.
    /// - Returns: one that was got before with the same options, or a new one.
    /// - Throws: `MachineError`.
    func session(_ values: DriverValues, _ client: CloudClient) async throws -> KeystoneSession {
        let bytes = try Self.request(values).bytes()
        let key = client.base + String(decoding: bytes, as: UTF8.self)
        if let session = known.withLock({ $0[key] }) {
            return session
        }
        var request = HTTPRequest("POST", client.base + "/auth/tokens", deadline: .after(.seconds(60)))
        request.headers = [HTTPHeader("Accept", "application/json"), HTTPHeader("Content-Type", "application/json")]
        request.tls = client.tls
        request.mayRepeat = true
        request.body = .bytes(bytes)
        let response = try await client.send(request)
        let answer = (try? JSON(parsing: response.body)) ?? .null
        guard response.isSuccess, let token = response.head.first("X-Subject-Token") else {
            throw client.refused(response, answer, "POST /auth/tokens")
        }
        let session = KeystoneSession(token: token, endpoints: Self.endpoints(answer, values))
        known.withLock { $0[key] = session }
        return session
    }

    private static func request(_ values: DriverValues) throws -> JSON {
        if let id = values["application-credential-id"] {
            let secret = try values.required("application-credential-secret")
            return [
                "auth": [
                    "identity": [
                        "methods": ["application_credential"],
                        "application_credential": ["id": .string(id), "secret": .string(secret)],
                    ]
                ]
            ]
        }
        let password = JSON.string(try values.required("password"))
        let user: JSON =
            if let id = values["user-id"] {
                ["id": .string(id), "password": password]
            } else {
                [
                    "name": .string(try values.required("username")), "password": password,
                    "domain": domain(values, "user-domain"),
                ]
            }
        var auth: [String: JSON] = ["identity": ["methods": ["password"], "password": ["user": user]]]
        if let id = values["tenant-id"] {
            auth["scope"] = ["project": ["id": .string(id)]]
        } else if let name = values["tenant-name"] {
            auth["scope"] = ["project": ["name": .string(name), "domain": domain(values, "tenant-domain")]]
        }
        return ["auth": .object(auth)]
    }

    /// The domain of a user or a project; the one called "default" unless another is named.
    private static func domain(_ values: DriverValues, _ option: String) -> JSON {
        if let id = values["\(option)-id"] ?? values["domain-id"] {
            return ["id": .string(id)]
        }
        if let name = values["\(option)-name"] ?? values["domain-name"] {
            return ["name": .string(name)]
        }
        return ["id": "default"]
    }

    private static func endpoints(_ answer: JSON, _ values: DriverValues) -> [String: String] {
        // "publicURL" is how older clients call the interface "public".
        let wanted = (values["endpoint-type"] ?? "public").replacingOccurrences(of: "URL", with: "")
        var endpoints: [String: String] = [:]
        for service in answer["token"]["catalog"].elements {
            let found = service["endpoints"].elements.first { endpoint in
                let region = endpoint["region_id"].text ?? endpoint["region"].text
                return endpoint["interface"].text == wanted && (values["region"].map { $0 == region } ?? true)
            }
            if let type = service["type"].text, let url = found?["url"].text {
                endpoints[type] = url.hasSuffix("/") ? String(url.dropLast()) : url
            }
        }
        return endpoints
    }
}
