// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A certificate signing request whose signature was checked.
package struct CertificateRequest: Sendable {
    /// The request in PEM.
    package let pem: [UInt8]

    /// Reads a request and checks that it is signed by the key it holds.
    ///
    /// - Throws: ``PKIError/malformedRequest(detail:)``, ``PKIError/badRequestSignature``.
    package init(pem: [UInt8]) throws(PKIError) {
        throw .malformedRequest(detail: "")
    }

    /// Makes a request for `key`.
    ///
    /// - Throws: ``PKIError/badName(field:value:)``, ``PKIError/library(call:detail:)``.
    package init(commonName: String, key: PrivateKey) throws(PKIError) {
        throw .malformedRequest(detail: "")
    }
}
