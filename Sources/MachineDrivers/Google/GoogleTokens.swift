// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import HTTPTransfer
internal import Machines
internal import PKI
internal import SwarmCore
internal import Synchronization

/// Who calls Google: a service account, or a user of `gcloud auth application-default login`.
///
/// Its description never shows a secret.
struct GoogleCredentials: Sendable, CustomStringConvertible {
    /// The file that Google gives, as it is.
    let document: JSON

    /// The project of a service account.
    var project: String? { document["project_id"].text }
    var secrets: [String] { ["private_key", "refresh_token", "client_secret"].compactMap { document[$0].text } }
    var description: String { "GoogleCredentials(\(document["type"].text ?? "?"))" }

    var tokenURL: String { document["token_uri"].text ?? "https://oauth2.googleapis.com/token" }

    /// What is sent for a token (RFC 7523 for a service account, RFC 6749, 6, for a user).
    ///
    /// - Parameters:
    ///   - scope: what the token shall be good for.
    ///   - now: seconds since 1970, UTC.
    /// - Returns: a form's names and values.
    /// - Throws: `PKIError` for a key that is none.
    func form(scope: String, now: Int) throws -> [(String, String)] {
        if document["type"].text == "authorized_user" {
            return [
                ("grant_type", "refresh_token"), ("client_id", document["client_id"].text ?? ""),
                ("client_secret", document["client_secret"].text ?? ""),
                ("refresh_token", document["refresh_token"].text ?? ""),
            ]
        }
        let assertion = try assertion(scope: scope, now: now)
        return [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)]
    }

    /// A JSON web token, good for an hour, signed with RS256 (RFC 7515, RFC 7519).
    func assertion(scope: String, now: Int) throws -> String {
        let header = JSON.without(nulls: ["alg": "RS256", "typ": "JWT", "kid": .given(document["private_key_id"].text)])
        let claims: JSON = [
            "iss": .given(document["client_email"].text), "scope": .string(scope), "aud": .string(tokenURL),
            "iat": .integer(now), "exp": .integer(now + 3600),
        ]
        let signed = try "\(Self.base64(header.bytes())).\(Self.base64(claims.bytes()))"
        let key = try PrivateKey(pem: Array((document["private_key"].text ?? "").utf8))
        return "\(signed).\(Self.base64(try key.signatureSHA256(of: Array(signed.utf8))))"
    }

    /// Base64 for URLs, without padding (RFC 7515, 2).
    static func base64(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }
}

/// Gets tokens of OAuth 2, each once.
final class OAuthTokens: Sendable {
    private let known = Mutex<[String: String]>([:])

    /// The token that `form` gets.
    ///
    /// - Parameters:
    ///   - key: the same for all forms that get the same token.
    ///   - url: where it is got.
    ///   - client: makes the call.
    ///   - form: names and values; asked for only when there is no token yet.
    /// - Returns: the token.
    /// - Throws: `MachineError`, and what `form` throws.
    func token(
        _ key: String,
        url: String,
        _ client: CloudClient,
        form: () throws -> [(String, String)]
    ) async throws -> String {
        if let token = known.withLock({ $0[key] }) {
            return token
        }
        let fields = try form()
        let body = fields.map { "\(CloudClient.escape($0.0))=\(CloudClient.escape($0.1))" }.joined(separator: "&")
        var client = client
        // An assertion is as good as a token, for as long as it is valid.
        client.secrets += fields.filter { ["assertion", "client_secret", "refresh_token"].contains($0.0) }.map(\.1)
        var request = HTTPRequest("POST", url, deadline: .after(.seconds(60)))
        request.headers = [HTTPHeader("Content-Type", "application/x-www-form-urlencoded")]
        request.body = .bytes(Array(body.utf8))
        request.mayRepeat = true
        let response = try await client.send(request)
        let answer = (try? JSON(parsing: response.body)) ?? .null
        guard response.isSuccess, let token = answer["access_token"].text else {
            client.refusal = { status, body in
                // RFC 6749, 5.2: wrong credentials are 400 or 401 with one of these words.
                let code = body["error"].text ?? ""
                let isDenied = ["invalid_grant", "invalid_client", "unauthorized_client"].contains(code)
                return CloudRefusal(
                    code: code,
                    message: body["error_description"].text ?? "no token was given",
                    kind: isDenied ? .denied : nil
                )
            }
            throw client.refused(response, answer, "POST \(url)")
        }
        known.withLock { $0[key] = token }
        return token
    }
}
