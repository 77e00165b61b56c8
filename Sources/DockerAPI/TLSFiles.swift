// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Files for TLS, in PEM.
package struct TLSFiles: Hashable, Sendable {
    /// The certificates that the peer's must be signed by; `nil` trusts the system's.
    package var authority: String?
    /// Our certificate with its chain, and its key; both or neither.
    package var certificate: String?
    package var key: String?
    /// Certificates that are refused though the authority has signed them; a file that need not exist yet.
    package var revocations: String?
    /// Whether the peer is verified; `--tls` without `--tlsverify` does not.
    package var verifiesPeer: Bool

    package init(
        authority: String?,
        certificate: String?,
        key: String?,
        revocations: String? = nil,
        verifiesPeer: Bool = true
    ) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
        self.revocations = revocations
        self.verifiesPeer = verifiesPeer
    }
}
