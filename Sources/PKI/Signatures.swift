// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import COpenSSL

/// Digests and signatures with which requests to providers are signed.
package enum Signatures {
    /// SHA-256 of `bytes`, 32 bytes.
    ///
    /// - Throws: ``PKIError/library(call:detail:)``.
    package static func sha256(_ bytes: [UInt8]) throws(PKIError) -> [UInt8] {
        try digest(bytes)
    }

    /// HMAC with SHA-256 (RFC 2104) of `bytes` under `key`, 32 bytes.
    ///
    /// - Throws: ``PKIError/library(call:detail:)``.
    package static func hmacSHA256(key: [UInt8], _ bytes: [UInt8]) throws(PKIError) -> [UInt8] {
        ERR_clear_error()
        var code = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        let made = unsafe HMAC(EVP_sha256(), key, Int32(clamping: key.count), bytes, bytes.count, &code, &count)
        guard unsafe made != nil, count == 32 else {
            throw libraryError("HMAC")
        }
        return Array(code.prefix(32))
    }

    /// Lower-case hexadecimal, two digits a byte.
    package static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    }

    // Inside this type, `sha256` is its own method.
    private static func digest(_ bytes: [UInt8]) throws(PKIError) -> [UInt8] { try PKI.sha256(bytes) }
}

extension PrivateKey {
    /// Signs `bytes` as JWT's RS256 does (RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518, 3.3); for RSA keys.
    ///
    /// - Throws: ``PKIError/library(call:detail:)``.
    package func signatureSHA256(of bytes: [UInt8]) throws(PKIError) -> [UInt8] {
        try handle().signatureSHA256(of: bytes)
    }
}

extension KeyHandle {
    borrowing func signatureSHA256(of bytes: [UInt8]) throws(PKIError) -> [UInt8] {
        ERR_clear_error()
        guard let context = unsafe EVP_MD_CTX_new() else {
            throw libraryError("EVP_MD_CTX_new")
        }
        defer { unsafe EVP_MD_CTX_free(context) }
        guard unsafe EVP_DigestSignInit(context, nil, EVP_sha256(), nil, pointer) == 1 else {
            throw libraryError("EVP_DigestSignInit")
        }
        var count = 0
        guard unsafe EVP_DigestSign(context, nil, &count, bytes, bytes.count) == 1, count > 0 else {
            throw libraryError("EVP_DigestSign")
        }
        var signature = [UInt8](repeating: 0, count: count)
        guard unsafe EVP_DigestSign(context, &signature, &count, bytes, bytes.count) == 1 else {
            throw libraryError("EVP_DigestSign")
        }
        return Array(signature.prefix(count))
    }
}
