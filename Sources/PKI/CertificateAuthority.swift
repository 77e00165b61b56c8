// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import COpenSSL

/// The authority of one cluster: its certificate and its private key.
///
/// Its description never shows the key.
package struct CertificateAuthority: Sendable {
    package let certificate: Certificate
    package let key: PrivateKey
    /// What hosts and clients trust, in PEM: this authority, and while it is being replaced the other one too.
    package var trust: [UInt8]

    /// The life of an authority: ten years.
    package static let lifeInDays = 3650
    /// How far in the past certificates begin, in seconds, for hosts whose clock is behind.
    private static let backdating = 300

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
        try CertificateText.check(cluster, field: "cluster name")
        let now = time ?? secondsSince1970()
        let content = CertificateContent(
            subject: [("O", "swarmctl"), ("CN", cluster)],
            notBefore: now - backdating,
            notAfter: now + lifeInDays * 86400,
            extensions: [
                (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"),
                (NID_key_usage, "critical,keyCertSign,cRLSign"),
                (NID_subject_key_identifier, "hash"),
            ]
        )
        let certificate = try X509Handle()
        let handle = try key.handle()
        try unsafe certificate.sign(content, publicKey: handle.pointer, issuer: nil, key: handle)
        return try CertificateAuthority(certificate: Certificate(certificate), key: key)
    }

    /// Takes an authority that was read.
    ///
    /// - Throws: ``PKIError/notAnAuthority(path:)``, ``PKIError/keyMismatch(certificate:key:)``.
    package init(certificate: Certificate, key: PrivateKey) throws(PKIError) {
        guard certificate.isAuthority else {
            throw .notAnAuthority(path: certificate.subject.description)
        }
        guard try certificate.matches(key) else {
            throw .keyMismatch(certificate: certificate.subject.description, key: "of the authority")
        }
        self.certificate = certificate
        self.key = key
        trust = certificate.pem
    }

    /// Signs a certificate for the key of a host's request; everything else in the request is ignored.
    ///
    /// - Throws: ``PKIError``: a bad name, address or life, or an expired authority.
    package func issue(
        _ profile: NodeProfile,
        for request: CertificateRequest,
        at time: Int? = nil
    ) throws(PKIError) -> Certificate {
        try CertificateText.check(profile.node, field: "node name")
        try CertificateText.check(profile.cluster, field: "cluster name")
        let names = try CertificateText.alternativeNames(of: profile)
        return try issue(
            subject: [("O", profile.cluster), ("CN", profile.node)],
            purposes: "serverAuth,clientAuth",
            names: names,
            life: profile.life,
            for: request,
            at: time ?? secondsSince1970()
        )
    }

    /// Signs a certificate for the key of a person's request; everything else in the request is ignored.
    ///
    /// - Throws: ``PKIError``: a bad name or life, or an expired authority.
    package func issue(
        _ profile: OperatorProfile,
        for request: CertificateRequest,
        at time: Int? = nil
    ) throws(PKIError) -> Certificate {
        try CertificateText.check(profile.user, field: "user name")
        try CertificateText.check(profile.cluster, field: "cluster name")
        try CertificateText.check(profile.role, field: "role")
        return try issue(
            subject: [("O", profile.cluster), ("OU", profile.role), ("CN", profile.user)],
            purposes: "clientAuth",
            names: nil,
            life: profile.life,
            for: request,
            at: time ?? secondsSince1970()
        )
    }

    private func issue(
        subject: [(kind: String, text: String)],
        purposes: String,
        names: String?,
        life: CertificateLife,
        for request: CertificateRequest,
        at now: Int
    ) throws(PKIError) -> Certificate {
        guard CertificateLife.bounds.contains(life.seconds) else {
            throw .badLife(life)
        }
        try checkInForce(at: now)
        let request = try RequestHandle(pem: request.pem)
        var extensions = [
            (NID_basic_constraints, "critical,CA:FALSE"),
            (
                NID_key_usage,
                try request.isRSA() ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature"
            ),
            (NID_ext_key_usage, purposes),
            (NID_subject_key_identifier, "hash"),
            (NID_authority_key_identifier, "keyid:always"),
        ]
        if let names {
            extensions.append((NID_subject_alt_name, names))
        }
        let content = CertificateContent(
            subject: subject,
            notBefore: max(now - Self.backdating, certificate.notBefore),
            // A certificate that outlives its authority would be a promise that nobody keeps.
            notAfter: min(now + life.seconds, certificate.notAfter),
            extensions: extensions
        )
        let leaf = try X509Handle()
        let issuer = try X509Handle(pem: certificate.pem)
        try unsafe leaf.sign(content, publicKey: request.publicKey(), issuer: issuer.pointer, key: key.handle())
        return try Certificate(leaf)
    }

    /// Checks that the authority has not ended.
    ///
    /// - Throws: ``PKIError/authorityExpired(cluster:notAfter:)``.
    package func checkInForce(at time: Int? = nil) throws(PKIError) {
        guard certificate.notAfter >= time ?? secondsSince1970() else {
            let cluster = certificate.subject.commonName ?? certificate.subject.description
            throw .authorityExpired(cluster: cluster, notAfter: certificate.notAfter)
        }
    }
}
