// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The `pki/` folder of a cluster, laid out as `DOCKER_CERT_PATH` wants it.
///
/// `ca.pem`, `ca-key.pem` (the authority), `cert.pem`, `key.pem` (the operator). Keys are 0600 from
/// their first byte. Every method may be called again after any failure, and by several processes
/// at the same time.
package struct AuthorityStore: Sendable {
    /// The folder, made (0700) when missing.
    package let folder: String

    package init(folder: String) {
        self.folder = folder
    }

    package var authorityCertificatePath: String { "\(folder)/ca.pem" }
    package var authorityKeyPath: String { "\(folder)/ca-key.pem" }
    package var certificatePath: String { "\(folder)/cert.pem" }
    package var keyPath: String { "\(folder)/key.pem" }

    /// Returns the authority in the folder, making it when there is none.
    ///
    /// Idempotent: of two runs at once one makes it and both return it. A run that was killed after
    /// the key was written is completed with that key. An authority is never replaced.
    ///
    /// - Parameters:
    ///   - cluster: the common name of an authority that is made.
    ///   - keyType: of an authority that is made.
    ///   - passphrase: encrypts and decrypts `ca-key.pem`; nil for a plain key.
    /// - Returns: the authority, checked to be in force.
    /// - Throws: ``PKIError/authorityExpired(cluster:notAfter:)``,
    ///   ``PKIError/authorityIncomplete(folder:missing:)`` (a certificate without its key), other
    ///   ``PKIError``, `FileError`.
    package func ensureAuthority(
        cluster: String,
        keyType: KeyType = .p256,
        passphrase: [UInt8]? = nil
    ) throws -> CertificateAuthority {
        throw PKIError.keyLocked
    }

    /// Reads the authority; nil when there is none.
    ///
    /// - Throws: as ``ensureAuthority(cluster:keyType:passphrase:)``.
    package func authority(passphrase: [UInt8]? = nil) throws -> CertificateAuthority? {
        nil
    }

    /// Returns the operator's certificate, making `key.pem` and `cert.pem` when they are missing, not
    /// signed by `authority`, for another user or role, or due to end within `renewingWithin` days.
    ///
    /// - Throws: ``PKIError``, `FileError`.
    package func ensureOperator(
        _ profile: OperatorProfile,
        authority: CertificateAuthority,
        keyType: KeyType = .p256,
        renewingWithin days: Int = 30
    ) throws -> Certificate {
        throw PKIError.keyLocked
    }
}
