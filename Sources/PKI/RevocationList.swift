// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import COpenSSL

/// A certificate that is not good any more, and since when.
package struct Revocation: Sendable, Hashable {
    /// In lower-case hexadecimal, as ``Certificate/serial``.
    package var serial: String
    /// In seconds since 1970, UTC.
    package var time: Int

    package init(serial: String, time: Int) {
        self.serial = serial
        self.time = time
    }
}

extension CertificateAuthority {
    /// Makes the signed list of revoked certificates (RFC 5280, 5): version 2, valid as long as the authority.
    ///
    /// - Parameters:
    ///   - revocations: all that are to be in it, also those of an earlier authority of the cluster.
    ///   - time: now, in seconds since 1970, UTC; the system's clock unless told; also the list's number.
    /// - Returns: the list in PEM.
    /// - Throws: ``PKIError/library(call:detail:)``.
    package func revocationList(_ revocations: [Revocation], at time: Int? = nil) throws(PKIError) -> [UInt8] {
        let now = time ?? secondsSince1970()
        let issuer = try X509Handle(pem: certificate.pem)
        let signer = try key.handle()
        ERR_clear_error()
        guard let list = unsafe X509_CRL_new() else {
            throw libraryError("X509_CRL_new")
        }
        defer { unsafe X509_CRL_free(list) }
        guard unsafe swarmctl_crl_begin(list, issuer.pointer, now - 300, max(certificate.notAfter, now)) == 1 else {
            throw libraryError("X509_CRL_set1_lastUpdate")
        }
        for revocation in revocations {
            guard unsafe swarmctl_crl_add(list, revocation.serial, revocation.time) == 1 else {
                throw libraryError("X509_CRL_add0_revoked")
            }
        }
        guard unsafe swarmctl_crl_sign(list, issuer.pointer, now, signer.pointer) == 1 else {
            throw libraryError("X509_CRL_sign")
        }
        return try unsafe collectOutput("PEM_write_bio_X509_CRL") { unsafe PEM_write_bio_X509_CRL($0, list) == 1 }
    }
}
