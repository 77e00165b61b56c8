// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

/// Certificates that are noted in the index before anybody gets them, and those that are taken back.
extension AuthorityStore {
    /// Signs a host's request and notes the certificate.
    ///
    /// - Throws: ``PKIError``, `FileError`.
    package func issue(
        _ profile: NodeProfile,
        for request: CertificateRequest,
        by authority: CertificateAuthority
    ) throws -> Certificate {
        let certificate = try authority.issue(profile, for: request)
        try index.add(certificate)
        return certificate
    }

    /// Signs a person's request and notes the certificate.
    ///
    /// - Throws: ``PKIError``, `FileError`.
    package func issue(
        _ profile: OperatorProfile,
        for request: CertificateRequest,
        by authority: CertificateAuthority
    ) throws -> Certificate {
        let certificate = try authority.issue(profile, for: request)
        try index.add(certificate)
        return certificate
    }

    /// The list of revoked certificates as last written, without the newline at its end; `nil` when there is none.
    ///
    /// - Throws: `FileError`.
    package func revocationList() throws -> String? {
        guard AtomicFile.exists(revocationListPath) else {
            return nil
        }
        let text = try AtomicFile.readText(revocationListPath, limit: Self.revocationLimit)
        return String(text.reversed().drop(while: \.isWhitespace).reversed())
    }

    /// In bytes: about 40 each, so a hundred thousand.
    private static let revocationLimit = 4 << 20

    /// Writes the list of revoked certificates anew, from the index.
    ///
    /// - Returns: the list in PEM.
    /// - Throws: ``PKIError``, `FileError`.
    @discardableResult
    package func writeRevocationList(by authority: CertificateAuthority) throws -> [UInt8] {
        let lock = try FileLock(path: lockPath)
        defer { extendLifetime(lock) }
        let list = try authority.revocationList(index.revocations())
        try AtomicFile.write(list, to: revocationListPath, mode: 0o644)
        return list
    }
}

/// An authority's replacement: first both are trusted, then certificates change, then the old one goes.
///
/// Each step may be done again after any failure; which of them is due is for the caller to keep.
extension AuthorityStore {
    private var nextCertificatePath: String { "\(folder)/next-ca.pem" }
    private var nextKeyPath: String { "\(folder)/next-ca-key.pem" }

    /// Makes the new authority, which signs nothing yet, and trusts it beside the old one.
    ///
    /// - Throws: ``PKIError``, `FileError`.
    package func beginReplacement(cluster: String, keyType: KeyType, passphrase: [UInt8]?) throws {
        let lock = try FileLock(path: lockPath)
        defer { extendLifetime(lock) }
        if try !isReplacementReady(passphrase) {
            let key = try PrivateKey.generate(keyType)
            let pem = try passphrase.map { try key.encryptedPEM(passphrase: $0) }
            try AtomicFile.write(pem ?? key.pem, to: nextKeyPath, mode: 0o600)
            let next = try CertificateAuthority.generate(cluster: cluster, key: key)
            try AtomicFile.write(next.certificate.pem, to: nextCertificatePath, mode: 0o644)
        }
        let next = try Certificate(pem: AtomicFile.read(nextCertificatePath, limit: Self.fileLimit))
        let trusted = try Certificate.all(in: AtomicFile.read(authorityCertificatePath, limit: Self.fileLimit))
        if !trusted.contains(next) {
            let both = (trusted + [next]).flatMap(\.pem)
            try AtomicFile.write(both, to: authorityCertificatePath, mode: 0o644)
        }
    }

    /// Whether a new authority waits; one that signs already is what a run left that was killed at its end.
    private func isReplacementReady(_ passphrase: [UInt8]?) throws -> Bool {
        guard AtomicFile.exists(nextCertificatePath) else {
            return false
        }
        let next = try Certificate(pem: AtomicFile.read(nextCertificatePath, limit: Self.fileLimit))
        let key = try PrivateKey(
            pem: AtomicFile.read(authorityKeyPath, limit: Self.fileLimit),
            passphrase: passphrase
        )
        return try !next.matches(key)
    }

    /// Makes the new authority the one that signs.
    ///
    /// - Throws: `FileError`.
    package func useReplacement() throws {
        let lock = try FileLock(path: lockPath)
        defer { extendLifetime(lock) }
        // Gone when an earlier run came this far and was ended before it could note that.
        if AtomicFile.exists(nextKeyPath) {
            try AtomicFile.write(
                AtomicFile.read(nextKeyPath, limit: Self.fileLimit),
                to: authorityKeyPath,
                mode: 0o600
            )
        }
    }

    /// Trusts the new authority only.
    ///
    /// - Throws: `FileError`.
    package func endReplacement(_ authority: CertificateAuthority) throws {
        let lock = try FileLock(path: lockPath)
        defer { extendLifetime(lock) }
        try AtomicFile.write(authority.certificate.pem, to: authorityCertificatePath, mode: 0o644)
        AtomicFile.remove(nextCertificatePath)
        AtomicFile.remove(nextKeyPath)
    }
}
