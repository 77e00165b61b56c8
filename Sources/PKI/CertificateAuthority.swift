// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The authority of one cluster: its certificate and its private key.
///
/// Its description never shows the key.
package struct CertificateAuthority: Sendable {
    package let certificate: Certificate
    package let key: PrivateKey

    /// Makes a new authority: O=swarmctl, CN=`cluster`, 10 years, path length 0.
    ///
    /// - Parameters:
    ///   - cluster: the common name.
    ///   - key: the authority's private key.
    ///   - time: now, in seconds since 1970, UTC; the system's clock unless told.
    /// - Returns: the authority, not written anywhere.
    /// - Throws: ``PKIError/badName(field:value:)``, ``PKIError/library(call:detail:)``.
    package static func generate(
        cluster: String,
        key: PrivateKey,
        at time: Int? = nil
    ) throws(PKIError) -> CertificateAuthority {
        throw .keyLocked
    }

    /// Takes an authority that was read.
    ///
    /// - Throws: ``PKIError/notAnAuthority(path:)``, ``PKIError/keyMismatch(certificate:key:)``.
    package init(certificate: Certificate, key: PrivateKey) throws(PKIError) {
        throw .keyLocked
    }

    /// Signs a certificate for the key of a host's request; everything else in the request is ignored.
    ///
    /// - Throws: ``PKIError``: a bad name, address or life, or an expired authority.
    package func issue(
        _ profile: NodeProfile,
        for request: CertificateRequest,
        at time: Int? = nil
    ) throws(PKIError) -> Certificate {
        throw .keyLocked
    }

    /// Signs a certificate for the key of a person's request; everything else in the request is ignored.
    ///
    /// - Throws: ``PKIError``: a bad name or life, or an expired authority.
    package func issue(
        _ profile: OperatorProfile,
        for request: CertificateRequest,
        at time: Int? = nil
    ) throws(PKIError) -> Certificate {
        throw .keyLocked
    }
}
