// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import COpenSSL

/// Sole owner of one OpenSSL `X509_REQ`: freed exactly once, when the handle's lifetime ends.
@safe struct RequestHandle: ~Copyable {
    private let pointer: OpaquePointer

    /// Takes over a reference that the caller owns, and must not free any more.
    private init(takingOwnershipOf pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    /// Reads the first request in `pem`.
    init(pem: [UInt8]) throws(PKIError) {
        let parsed = unsafe withReader(pem) { unsafe PEM_read_bio_X509_REQ($0, nil, nil, nil) }
        guard let parsed = unsafe parsed else {
            throw .malformedRequest(detail: drainOpenSSLErrors())
        }
        unsafe self.init(takingOwnershipOf: parsed)
    }

    /// Makes a request for `key` and signs it.
    static func signed(commonName: String, key: borrowing KeyHandle) throws(PKIError) -> RequestHandle {
        ERR_clear_error()
        guard let made = unsafe X509_REQ_new() else {
            throw libraryError("X509_REQ_new")
        }
        let request = unsafe RequestHandle(takingOwnershipOf: made)
        try request.fill(commonName: commonName, key: key)
        return request
    }

    private func fill(commonName: String, key: borrowing KeyHandle) throws(PKIError) {
        let bytes = Array(commonName.utf8)
        let count = Int32(clamping: bytes.count)
        let name = unsafe X509_REQ_get_subject_name(pointer)
        guard unsafe X509_REQ_set_version(pointer, 0) == 1,
            unsafe X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_FLAG, bytes, count, -1, 0) == 1,
            unsafe X509_REQ_set_pubkey(pointer, key.pointer) == 1,
            unsafe X509_REQ_sign(pointer, key.pointer, EVP_sha256()) > 0
        else {
            throw libraryError("X509_REQ_sign")
        }
    }

    deinit {
        unsafe X509_REQ_free(pointer)
    }

    func pem() throws(PKIError) -> [UInt8] {
        try unsafe collectOutput("PEM_write_bio_X509_REQ") { unsafe PEM_write_bio_X509_REQ($0, pointer) == 1 }
    }

    /// The key of the request, valid as long as the handle.
    func publicKey() throws(PKIError) -> OpaquePointer {
        ERR_clear_error()
        // get0: owned by the request.
        guard let key = unsafe X509_REQ_get0_pubkey(pointer) else {
            throw .malformedRequest(detail: drainOpenSSLErrors())
        }
        return unsafe key
    }

    /// Checks that the request is signed by its own key, and that the key is strong enough.
    func check() throws(PKIError) {
        let key = try unsafe publicKey()
        guard unsafe X509_REQ_verify(pointer, key) == 1 else {
            ERR_clear_error()
            throw .badRequestSignature
        }
        let strength = unsafe EVP_PKEY_get_security_bits(key)
        guard strength >= 112 else {
            throw .malformedRequest(detail: "its key is worth \(strength) bits, and 112 are needed")
        }
    }

    /// Whether the key needs to encipher in the RSA key exchange of TLS 1.2.
    func isRSA() throws(PKIError) -> Bool {
        unsafe EVP_PKEY_get_base_id(try publicKey()) == EVP_PKEY_RSA
    }
}
