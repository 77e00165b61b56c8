// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import HTTPTransfer
internal import Machines
internal import SwarmCore

extension AmazonEC2Driver {
    func client(_ options: [String: String], _ machine: String) throws -> EC2Client {
        let values = DriverValues(options, of: self)
        let credentials = try credentials(values)
        let region = values["region"] ?? "us-east-1"
        guard
            region.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || Character(Unicode.Scalar($0)).isLetter || $0.isDigit })
        else {
            throw values.bad("region", "\"\(region)\" is no region's name")
        }
        let client = CloudClient(
            http: http,
            driver: name,
            machine: machine,
            base: try endpoint(values, region),
            secrets: [credentials.secretKey, credentials.sessionToken ?? ""]
        )
        let signer = SigV4(credentials: credentials, region: region, service: "ec2")
        return EC2Client(client: client, signer: signer, now: now)
    }

    private func endpoint(_ values: DriverValues, _ region: String) throws -> String {
        let scheme = values.isOn("insecure-transport") ? "http" : "https"
        guard let given = values["endpoint"] else {
            let suffix = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
            return "\(scheme)://ec2.\(region).\(suffix)"
        }
        let url = given.contains("://") ? given : "\(scheme)://\(given)"
        return url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    /// Those of the options, else of `~/.aws/credentials`.
    private func credentials(_ values: DriverValues) throws -> AmazonCredentials {
        if let access = values["access-key"] {
            let secret = try values.required("secret-key")
            return AmazonCredentials(accessKey: access, secretKey: secret, sessionToken: values["session-token"])
        }
        let path =
            environment["AWS_SHARED_CREDENTIALS_FILE"] ?? environment["HOME"].map { "\($0)/.aws/credentials" } ?? ""
        let profile = environment["AWS_PROFILE"] ?? "default"
        guard let text = try? AtomicFile.readText(path, limit: 1 << 20),
            let credentials = Self.credentials(in: text, profile: profile)
        else {
            throw values.bad("access-key", "it is required, or a profile \"\(profile)\" in ~/.aws/credentials")
        }
        return credentials
    }

    /// Reads one section of a file of `[profile]` and `key = value`.
    static func credentials(in text: String, profile: String) -> AmazonCredentials? {
        var known: [String: String] = [:]
        var isInProfile = false
        for line in text.split(whereSeparator: \.isNewline) {
            let plain = line.filter { !$0.isWhitespace }
            if plain.hasPrefix("[") {
                isInProfile = plain == "[\(profile)]"
            } else if isInProfile, let equals = plain.firstIndex(of: "=") {
                known[String(plain[..<equals])] = String(plain[equals...].dropFirst())
            }
        }
        guard let access = known["aws_access_key_id"], let secret = known["aws_secret_access_key"] else {
            return nil
        }
        return AmazonCredentials(accessKey: access, secretKey: secret, sessionToken: known["aws_session_token"])
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
