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
        let handle = try RequestHandle(pem: pem)
        try handle.check()
        self.pem = try handle.pem()
    }

    /// Makes a request for `key`.
    ///
    /// - Throws: ``PKIError/badName(field:value:)``, ``PKIError/library(call:detail:)``.
    package init(commonName: String, key: PrivateKey) throws(PKIError) {
        try CertificateText.check(commonName, field: "common name")
        pem = try RequestHandle.signed(commonName: commonName, key: key.handle()).pem()
    }
}
