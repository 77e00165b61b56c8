// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import COpenSSL

/// A parsed certificate: a value, free to copy, compare, print and send between tasks.
package struct Certificate: Sendable, Hashable {
    /// The parts of a subject or issuer; the first of each kind.
    package struct Name: Sendable, Hashable, CustomStringConvertible {
        package var commonName: String?
        package var organization: String?
        package var organizationalUnit: String?
        /// In RFC 2253 form, for example `CN=node-1,O=lab`.
        package let description: String
    }

    /// The purposes of the extended key usage that matter here.
    package enum Purpose: String, Sendable, Hashable {
        case serverAuth
        case clientAuth
    }

    /// The certificate in PEM, as OpenSSL writes it.
    package let pem: [UInt8]
    package let subject: Name
    package let issuer: Name
    /// In lower-case hexadecimal, without a sign or leading zeros.
    package let serial: String
    /// The first valid instant, in seconds since 1970, UTC.
    package let notBefore: Int
    /// The last valid instant, in seconds since 1970, UTC.
    package let notAfter: Int
    /// The DNS names of the subject alternative name, in the order of the certificate.
    package let dnsNames: [String]
    /// The IP addresses of the subject alternative name, in the text form of inet_ntop.
    package let addresses: [String]
    package let isAuthority: Bool
    package let purposes: Set<Purpose>
    /// SHA-256 over the DER form, in lower-case hexadecimal.
    package let fingerprint: String

    /// Reads the first certificate in `pem`.
    ///
    /// - Throws: ``PKIError/malformedCertificate(detail:)`` when there is none.
    package init(pem: [UInt8]) throws(PKIError) {
        try self.init(X509Handle(pem: pem))
    }

    /// Reads all certificates in `pem`, in order.
    ///
    /// - Throws: ``PKIError/malformedCertificate(detail:)`` when there is none, or one of them is not readable.
    package static func all(in pem: [UInt8]) throws(PKIError) -> [Certificate] {
        let end = "-----END CERTIFICATE-----"
        let blocks = String(decoding: pem, as: UTF8.self).components(upToAndWith: end)
        guard !blocks.isEmpty else {
            return [try Certificate(pem: pem)]
        }
        var certificates: [Certificate] = []
        for block in blocks {
            certificates.append(try Certificate(pem: Array(block.utf8)))
        }
        return certificates
    }

    init(_ handle: borrowing X509Handle) throws(PKIError) {
        pem = try handle.pem()
        subject = try handle.subject()
        issuer = try handle.issuer()
        serial = try handle.serial()
        notBefore = try handle.notBefore()
        notAfter = try handle.notAfter()
        (dnsNames, addresses) = handle.alternativeNames()
        isAuthority = handle.isAuthority
        purposes = handle.purposes
        fingerprint = try handle.fingerprint()
    }

    /// Whether `key` is the private key of this certificate.
    ///
    /// - Throws: ``PKIError/library(call:detail:)``.
    package func matches(_ key: PrivateKey) throws(PKIError) -> Bool {
        let certificate = try X509Handle(pem: pem)
        let handle = try key.handle()
        defer { ERR_clear_error() }
        return unsafe X509_check_private_key(certificate.pointer, handle.pointer) == 1
    }

    /// Checks that `authority` signed this certificate and that both are in force.
    ///
    /// - Parameters:
    ///   - authority: the certificate of the authority.
    ///   - time: the instant of the check, in seconds since 1970, UTC; now unless told.
    /// - Throws: ``PKIError/notTrusted(subject:reason:)``.
    package func verify(against authority: Certificate, at time: Int? = nil) throws(PKIError) {
        let leaf = try X509Handle(pem: pem)
        let root = try X509Handle(pem: authority.pem)
        ERR_clear_error()
        defer { ERR_clear_error() }
        let result = unsafe swarmctl_verify(leaf.pointer, root.pointer, time ?? secondsSince1970())
        guard result == X509_V_OK else {
            let reason = unsafe String(cString: X509_verify_cert_error_string(Int(result)))
            throw .notTrusted(subject: subject.description, reason: reason)
        }
    }

    /// Whole days from `time` (now unless told) until ``notAfter``; negative after the end.
    package func daysLeft(at time: Int? = nil) -> Int {
        let left = notAfter - (time ?? secondsSince1970())
        return left >= 0 ? left / 86400 : (left - 86399) / 86400
    }
}

extension String {
    /// The pieces that end with `mark`, without what follows the last.
    fileprivate func components(upToAndWith mark: String) -> [Substring] {
        var pieces: [Substring] = []
        var rest = self[...]
        while let found = rest.firstRange(of: mark) {
            pieces.append(rest[..<found.upperBound])
            rest = rest[found.upperBound...]
        }
        return pieces
    }
}
