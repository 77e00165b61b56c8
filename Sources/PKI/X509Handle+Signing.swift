// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import COpenSSL

/// What a certificate is filled with before it is signed.
struct CertificateContent {
    /// Pairs of a short name (`O`, `CN`, `OU`) and a text, in order.
    var subject: [(kind: String, text: String)]
    /// In seconds since 1970, UTC.
    var notBefore: Int
    var notAfter: Int
    /// Extensions in OpenSSL's own notation; every text in them was checked.
    var extensions: [(nid: Int32, value: String)]
}

extension X509Handle {
    /// Fills the certificate and signs it.
    ///
    /// - Parameters:
    ///   - content: everything but the keys.
    ///   - publicKey: the key that is certified; borrowed.
    ///   - issuer: the certificate of the signer, borrowed; nil signs it with itself.
    ///   - key: the private key of the signer.
    /// - Throws: ``PKIError/library(call:detail:)``.
    func sign(
        _ content: CertificateContent,
        publicKey: OpaquePointer,
        issuer: OpaquePointer?,
        key: borrowing KeyHandle
    ) throws(PKIError) {
        let issuerPointer = unsafe issuer ?? pointer
        // Version 3 is written as 2.
        try check(unsafe X509_set_version(pointer, 2) == 1, "X509_set_version")
        try setRandomSerial()
        try setSubject(content.subject)
        try check(
            unsafe X509_set_issuer_name(pointer, X509_get_subject_name(issuerPointer)) == 1,
            "X509_set_issuer_name"
        )
        try check(
            unsafe ASN1_TIME_set(X509_getm_notBefore(pointer), content.notBefore) != nil
                && ASN1_TIME_set(X509_getm_notAfter(pointer), content.notAfter) != nil,
            "ASN1_TIME_set"
        )
        try check(unsafe X509_set_pubkey(pointer, publicKey) == 1, "X509_set_pubkey")
        for (nid, value) in content.extensions {
            try check(unsafe swarmctl_add_extension(pointer, issuerPointer, nid, value) == 1, "X509V3_EXT_conf_nid")
        }
        try check(unsafe X509_sign(pointer, key.pointer, EVP_sha256()) > 0, "X509_sign")
    }

    private func setRandomSerial() throws(PKIError) {
        guard let number = unsafe BN_new() else {
            throw libraryError("BN_new")
        }
        defer { unsafe BN_free(number) }
        // -1 and 0: neither the top nor the bottom bit is forced.
        try check(unsafe BN_rand(number, 128, -1, 0) == 1, "BN_rand")
        try check(
            unsafe BN_to_ASN1_INTEGER(number, X509_get_serialNumber(pointer)) != nil,
            "BN_to_ASN1_INTEGER"
        )
    }

    private func setSubject(_ parts: [(kind: String, text: String)]) throws(PKIError) {
        let name = unsafe X509_get_subject_name(pointer)
        for (kind, text) in parts {
            let bytes = Array(text.utf8)
            let added = unsafe X509_NAME_add_entry_by_txt(
                name,
                kind,
                MBSTRING_FLAG,
                bytes,
                Int32(clamping: bytes.count),
                -1,
                0
            )
            try check(added == 1, "X509_NAME_add_entry_by_txt")
        }
    }

    private func check(_ isDone: Bool, _ call: String) throws(PKIError) {
        guard isDone else {
            throw libraryError(call)
        }
    }
}
