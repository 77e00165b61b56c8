// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

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

    /// In bytes; the largest chain and key anybody has are far below.
    static let fileLimit = 1 << 20

    var lockPath: String { "\(folder)/.lock" }

    package var authorityCertificatePath: String { "\(folder)/ca.pem" }
    package var authorityKeyPath: String { "\(folder)/ca-key.pem" }
    package var certificatePath: String { "\(folder)/cert.pem" }
    package var keyPath: String { "\(folder)/key.pem" }
    /// The list of revoked certificates, as it was last published.
    package var revocationListPath: String { "\(folder)/crl.pem" }
    /// All that the authority has issued and revoked.
    package var index: CertificateIndex { CertificateIndex(path: "\(folder)/issued.jsonl") }

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
        if let authority = try authority(passphrase: passphrase) {
            return authority
        }
        try AtomicFile.makeFolder(folder)
        let lock = try FileLock(path: lockPath)
        defer { extendLifetime(lock) }
        // Looked at again: another process may have made it before the lock was ours.
        if let authority = try authority(passphrase: passphrase) {
            return authority
        }
        let key = try makeAuthorityKey(keyType, passphrase: passphrase)
        let authority = try CertificateAuthority.generate(cluster: cluster, key: key)
        // Last, so that an authority is complete when its certificate is there.
        try AtomicFile.write(authority.certificate.pem, to: authorityCertificatePath, mode: 0o644)
        return authority
    }

    /// Reads the authority; nil when there is none.
    ///
    /// While it is being replaced `ca.pem` holds two certificates; the authority is the one whose key is `ca-key.pem`.
    ///
    /// - Parameters:
    ///   - passphrase: decrypts `ca-key.pem`; nil for a plain key.
    ///   - mayHaveEnded: whether one that is not in force any more is returned too.
    /// - Returns: the authority.
    /// - Throws: as ``ensureAuthority(cluster:keyType:passphrase:)``.
    package func authority(passphrase: [UInt8]? = nil, mayHaveEnded: Bool = false) throws -> CertificateAuthority? {
        guard AtomicFile.exists(authorityCertificatePath) else {
            return nil
        }
        guard AtomicFile.exists(authorityKeyPath) else {
            throw PKIError.authorityIncomplete(folder: folder, missing: authorityKeyPath)
        }
        let trust = try AtomicFile.read(authorityCertificatePath, limit: Self.fileLimit)
        let certificates = try Certificate.all(in: trust)
        let key = try PrivateKey(
            pem: AtomicFile.read(authorityKeyPath, limit: Self.fileLimit),
            passphrase: passphrase
        )
        guard certificates.contains(where: \.isAuthority) else {
            throw PKIError.notAnAuthority(path: authorityCertificatePath)
        }
        guard let certificate = try certificates.first(where: { try $0.isAuthority && $0.matches(key) }) else {
            throw PKIError.keyMismatch(certificate: authorityCertificatePath, key: authorityKeyPath)
        }
        var authority = try CertificateAuthority(certificate: certificate, key: key)
        authority.trust = trust
        if !mayHaveEnded {
            try authority.checkInForce()
        }
        return authority
    }

    /// Reads the authority's key that a run which was killed left, else makes one.
    private func makeAuthorityKey(_ type: KeyType, passphrase: [UInt8]?) throws -> PrivateKey {
        if AtomicFile.exists(authorityKeyPath) {
            return try PrivateKey(
                pem: AtomicFile.read(authorityKeyPath, limit: Self.fileLimit),
                passphrase: passphrase
            )
        }
        let key = try PrivateKey.generate(type)
        let pem = try passphrase.map { passphrase throws(PKIError) in try key.encryptedPEM(passphrase: passphrase) }
        try AtomicFile.write(pem ?? key.pem, to: authorityKeyPath, mode: 0o600)
        return key
    }

    /// Returns the operator's certificate, making `key.pem` and `cert.pem` when they are missing, not
    /// signed by `authority`, for another user or role, or due to end within `renewingWithin` days; the certificate in any
    /// case when it is `forced`.
    ///
    /// - Throws: ``PKIError``, `FileError`.
    package func ensureOperator(
        _ profile: OperatorProfile,
        authority: CertificateAuthority,
        keyType: KeyType = .p256,
        renewingWithin days: Int = 30,
        forced: Bool = false
    ) throws -> Certificate {
        try AtomicFile.makeFolder(folder)
        let lock = try FileLock(path: lockPath)
        defer { extendLifetime(lock) }
        let key = try operatorKey(keyType)
        if !forced, let kept = try usableOperator(profile, key: key, authority: authority, days: days) {
            return kept
        }
        let request = try CertificateRequest(commonName: profile.user, key: key)
        let certificate = try issue(profile, for: request, by: authority)
        try AtomicFile.write(certificate.pem, to: certificatePath, mode: 0o644)
        return certificate
    }

    /// Reads `key.pem`, or makes it when it is missing or cannot be read as a key.
    private func operatorKey(_ type: KeyType) throws -> PrivateKey {
        if AtomicFile.exists(keyPath),
            let key = try? PrivateKey(pem: AtomicFile.read(keyPath, limit: Self.fileLimit))
        {
            return key
        }
        let key = try PrivateKey.generate(type)
        try AtomicFile.write(key.pem, to: keyPath, mode: 0o600)
        return key
    }

    private func usableOperator(
        _ profile: OperatorProfile,
        key: PrivateKey,
        authority: CertificateAuthority,
        days: Int
    ) throws -> Certificate? {
        guard AtomicFile.exists(certificatePath),
            let certificate = try? Certificate(pem: AtomicFile.read(certificatePath, limit: Self.fileLimit)),
            try certificate.matches(key)
        else {
            return nil
        }
        let isWanted =
            certificate.subject.commonName == profile.user
            && certificate.subject.organization == profile.cluster
            && certificate.subject.organizationalUnit == profile.role
            && certificate.notAfter - secondsSince1970() >= min(days * 86400, profile.life.seconds / 2)
        let isTrusted = (try? certificate.verify(against: authority.certificate)) != nil
        return isWanted && isTrusted ? certificate : nil
    }
}
