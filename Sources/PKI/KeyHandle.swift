// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import COpenSSL

/// Sole owner of one OpenSSL `EVP_PKEY`: freed exactly once, when the handle's lifetime ends.
@safe struct KeyHandle: ~Copyable {
    /// Valid as long as the handle; borrowed by the other handles of this module only.
    let pointer: OpaquePointer

    /// Takes over a reference that the caller owns, and must not free any more.
    private init(takingOwnershipOf pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    /// Makes a new key.
    init(generating type: KeyType) throws(PKIError) {
        ERR_clear_error()
        let made =
            switch type {
            case .p256: unsafe swarmctl_generate_ec("P-256")
            case .p384: unsafe swarmctl_generate_ec("P-384")
            case .rsa2048: unsafe swarmctl_generate_rsa(2048)
            case .rsa4096: unsafe swarmctl_generate_rsa(4096)
            }
        guard let made = unsafe made else {
            throw libraryError("EVP_PKEY_Q_keygen")
        }
        unsafe self.init(takingOwnershipOf: made)
    }

    /// Makes a new ed25519 key.
    static func ed25519() throws(PKIError) -> KeyHandle {
        ERR_clear_error()
        guard let made = unsafe swarmctl_generate_ed25519() else {
            throw libraryError("EVP_PKEY_Q_keygen")
        }
        return unsafe KeyHandle(takingOwnershipOf: made)
    }

    /// Reads the first private key in `pem`.
    init(pem: [UInt8], passphrase: [UInt8]?) throws(PKIError) {
        let read = unsafe withReader(pem) { bio in
            unsafe (passphrase ?? []).withUnsafeBytes { bytes in
                // An empty array has no address, which is what the callback takes for "none given".
                unsafe swarmctl_read_private_key(bio, bytes.baseAddress, Int32(clamping: bytes.count))
            }
        }
        guard let read = unsafe read else {
            let detail = drainOpenSSLErrors()
            throw String(decoding: pem, as: UTF8.self).contains("ENCRYPTED")
                ? .keyLocked : .malformedKey(detail: detail)
        }
        unsafe self.init(takingOwnershipOf: read)
    }

    deinit {
        unsafe EVP_PKEY_free(pointer)
    }

    /// The key in PKCS #8 PEM, encrypted when there is a passphrase.
    func pem(passphrase: [UInt8]? = nil) throws(PKIError) -> [UInt8] {
        try unsafe collectOutput("PEM_write_bio_PKCS8PrivateKey") { bio in
            guard let passphrase else {
                return unsafe PEM_write_bio_PKCS8PrivateKey(bio, pointer, nil, nil, 0, nil, nil) == 1
            }
            let bytes = passphrase.map { CChar(bitPattern: $0) }
            let count = Int32(clamping: bytes.count)
            return unsafe PEM_write_bio_PKCS8PrivateKey(bio, pointer, EVP_aes_256_cbc(), bytes, count, nil, nil) == 1
        }
    }

    /// The raw halves of an ed25519 key, 32 bytes each.
    func rawHalves() throws(PKIError) -> (private: [UInt8], public: [UInt8]) {
        var secret = [UInt8](repeating: 0, count: 32)
        var open = [UInt8](repeating: 0, count: 32)
        var secretCount = secret.count
        var openCount = open.count
        guard unsafe EVP_PKEY_get_raw_private_key(pointer, &secret, &secretCount) == 1,
            unsafe EVP_PKEY_get_raw_public_key(pointer, &open, &openCount) == 1,
            secretCount == 32, openCount == 32
        else {
            throw libraryError("EVP_PKEY_get_raw_private_key")
        }
        return (secret, open)
    }
}
