// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import COpenSSL

/// A SHA-256 digest that is fed piece by piece.
@safe package struct SHA256Digest: ~Copyable {
    private let context: OpaquePointer

    /// - Throws: ``PKIError`` when OpenSSL has no SHA-256, or no memory.
    package init() throws(PKIError) {
        ERR_clear_error()
        guard let context = unsafe EVP_MD_CTX_new() else {
            throw .library(call: "EVP_MD_CTX_new", detail: drainOpenSSLErrors())
        }
        guard unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            let detail = drainOpenSSLErrors()
            unsafe EVP_MD_CTX_free(context)
            throw .library(call: "EVP_DigestInit_ex", detail: detail)
        }
        unsafe self.context = context
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
    }

    /// Adds bytes to what is digested.
    package mutating func update(_ bytes: some Sequence<UInt8>) {
        let bytes = ContiguousArray(bytes)
        unsafe bytes.withUnsafeBytes { buffer in
            _ = unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
        }
    }

    /// The digest of all that was added, as 64 hexadecimal digits; ends the digest.
    package consuming func hexadecimal() -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        unsafe digest.withUnsafeMutableBufferPointer { buffer in
            _ = unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
        }
        return digest.map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}
