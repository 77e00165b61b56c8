// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// A failure of certificate or key handling.
package enum PKIError: UserFacingError, Equatable {
    /// The bytes are not a PEM certificate. `detail` is OpenSSL's own reason.
    case malformedCertificate(detail: String)
    /// The bytes are not a PEM private key that can be read without or with the passphrase given.
    case malformedKey(detail: String)
    /// The key is encrypted and the passphrase is missing or wrong.
    case keyLocked
    /// The bytes are not a PEM certificate signing request.
    case malformedRequest(detail: String)
    /// The request was not signed by the key that it holds.
    case badRequestSignature
    /// A text that a profile needs is empty, too long, or holds a control character.
    case badName(field: String, value: String)
    /// A text among the IP addresses is not one.
    case badAddress(String)
    /// A life outside of ``CertificateLife/bounds``.
    case badLife(CertificateLife)
    /// The key in `key` is not that of the certificate in `certificate` (paths, or what they are).
    case keyMismatch(certificate: String, key: String)
    /// The certificate at `path` is not one of an authority.
    case notAnAuthority(path: String)
    /// The authority of `cluster` ended; never replaced silently. `notAfter` is in seconds since 1970, UTC.
    case authorityExpired(cluster: String, notAfter: Int)
    /// The authority in `folder` lacks `missing` and cannot be completed without being replaced.
    case authorityIncomplete(folder: String, missing: String)
    /// The certificate is not one that the authority signed, or not in force.
    case notTrusted(subject: String, reason: String)
    /// OpenSSL could not allocate or convert; never the caller's fault.
    case library(call: String, detail: String)

    package var message: String {
        switch self {
        case .malformedCertificate(let detail): "not a PEM certificate: \(detail)"
        case .malformedKey(let detail): "not a PEM private key: \(detail)"
        case .keyLocked: "the private key is encrypted, and the passphrase is missing or wrong"
        case .malformedRequest(let detail): "not a PEM certificate signing request: \(detail)"
        case .badRequestSignature: "the certificate signing request is not signed by its own key"
        case .badName(let field, let value): "\"\(value)\" cannot be the \(field) of a certificate"
        case .badAddress(let text): "\"\(text)\" is not an IP address"
        case .badLife(let life): "a certificate cannot live for \(life): 10s to 3650d are allowed"
        case .keyMismatch(let certificate, let key): "the private key \"\(key)\" is not that of \"\(certificate)\""
        case .notAnAuthority(let path): "the certificate \"\(path)\" is not that of an authority"
        case .authorityExpired(let cluster, let notAfter):
            "the certificate authority of cluster \"\(cluster)\" ended on \(CalendarDate(secondsSince1970: notAfter))"
        case .authorityIncomplete(let folder, let missing):
            "the certificate authority in \"\(folder)\" is incomplete: \"\(missing)\" is missing"
        case .notTrusted(let subject, let reason): "the certificate of \"\(subject)\" is not trusted: \(reason)"
        case .library(let call, let detail): "OpenSSL \(call) failed: \(detail)"
        }
    }

    package var hint: String? {
        switch self {
        case .malformedCertificate, .malformedKey, .keyMismatch, .notAnAuthority, .notTrusted:
            "see what is there with `swarmctl certs ls`, or restore the file from a backup"
        case .keyLocked: "give the passphrase with `--ca-passphrase-command`"
        case .badLife: "give another number with `--days`"
        case .authorityExpired(let cluster, _):
            "make a new authority, on purpose, with `swarmctl rotate certs \(cluster) --ca`"
        case .authorityIncomplete(_, let missing):
            "restore \"\(missing)\" from a backup: a new authority would lock out every host of the cluster"
        case .badName, .badAddress, .malformedRequest, .badRequestSignature, .library: nil
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .malformedCertificate, .malformedKey, .malformedRequest, .badName, .badAddress, .badLife: .usage
        case .keyMismatch, .notAnAuthority, .authorityIncomplete: .conflict
        case .keyLocked, .badRequestSignature, .authorityExpired, .notTrusted: .denied
        case .library: .bug
        }
    }
}
