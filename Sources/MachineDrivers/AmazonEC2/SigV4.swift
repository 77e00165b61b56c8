// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import PKI

/// Who calls Amazon.
///
/// Its description never shows the secret.
package struct AmazonCredentials: Sendable, Equatable, CustomStringConvertible {
    package var accessKey: String
    package var secretKey: String
    package var sessionToken: String?

    package init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }

    package var description: String { "AmazonCredentials(\(accessKey))" }
}

/// Signs requests with Amazon's Signature Version 4.
package struct SigV4: Sendable {
    package let credentials: AmazonCredentials
    package let region: String
    package let service: String

    package init(credentials: AmazonCredentials, region: String, service: String) {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// The value of `Authorization`.
    ///
    /// - Parameters:
    ///   - method: of HTTP.
    ///   - path: already escaped; `/` for the root.
    ///   - query: names and values, already escaped, in any order.
    ///   - headers: what is signed; `host` and `x-amz-date` must be among them; names in lower case.
    ///   - body: the whole body.
    ///   - time: when it is signed; within five minutes of Amazon's clock.
    /// - Returns: the header's value.
    /// - Throws: `PKIError`.
    package func authorization(
        method: String,
        path: String,
        query: [(String, String)],
        headers: [(String, String)],
        body: [UInt8],
        at time: UTCTime
    ) throws -> String {
        let sorted = headers.sorted { $0.0 < $1.0 }
        let signed = sorted.map(\.0).joined(separator: ";")
        let canonical = [
            method,
            path,
            query.map { "\($0.0)=\($0.1)" }.sorted().joined(separator: "&"),
            sorted.map { "\($0.0):\(Self.trimmed($0.1))\n" }.joined(),
            signed,
            Signatures.hexadecimal(try Signatures.sha256(body)),
        ].joined(separator: "\n")
        let scope = "\(time.compactDate)/\(region)/\(service)/aws4_request"
        let toSign = [
            "AWS4-HMAC-SHA256",
            time.compact,
            scope,
            Signatures.hexadecimal(try Signatures.sha256(Array(canonical.utf8))),
        ].joined(separator: "\n")
        let signature = Signatures.hexadecimal(try hmac(try key(at: time), toSign))
        return "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), "
            + "SignedHeaders=\(signed), Signature=\(signature)"
    }

    private func key(at time: UTCTime) throws -> [UInt8] {
        var key = Array("AWS4\(credentials.secretKey)".utf8)
        for part in [time.compactDate, region, service, "aws4_request"] {
            key = try hmac(key, part)
        }
        return key
    }

    private func hmac(_ key: [UInt8], _ text: String) throws -> [UInt8] {
        try Signatures.hmacSHA256(key: key, Array(text.utf8))
    }

    /// Without blanks around it, and with one in the place of several.
    private static func trimmed(_ value: String) -> String {
        value.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }
}
