// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import COpenSSL

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Sole owner of one OpenSSL `X509`: freed exactly once, when the handle's lifetime ends.
///
/// The handle does not leave this module. Callers get a ``Certificate``, a plain value; so no
/// `OpaquePointer` is ever stored, shared between tasks or sent across an actor boundary.
@safe struct X509Handle: ~Copyable {
    /// Valid as long as the handle.
    let pointer: OpaquePointer

    /// Takes over a reference that the caller owns, and must not free any more.
    private init(takingOwnershipOf pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    /// An empty certificate, to be filled and signed.
    init() throws(PKIError) {
        ERR_clear_error()
        guard let made = unsafe X509_new() else {
            throw libraryError("X509_new")
        }
        unsafe self.init(takingOwnershipOf: made)
    }

    /// Reads the first certificate in `pem`.
    ///
    /// - Throws: ``PKIError/malformedCertificate(detail:)`` when there is none.
    init(pem: [UInt8]) throws(PKIError) {
        let parsed = unsafe withReader(pem) { unsafe PEM_read_bio_X509($0, nil, nil, nil) }
        guard let parsed = unsafe parsed else {
            throw .malformedCertificate(detail: drainOpenSSLErrors())
        }
        unsafe self.init(takingOwnershipOf: parsed)
    }

    deinit {
        unsafe X509_free(pointer)
    }

    func pem() throws(PKIError) -> [UInt8] {
        try unsafe collectOutput("PEM_write_bio_X509") { unsafe PEM_write_bio_X509($0, pointer) == 1 }
    }

    func subject() throws(PKIError) -> Certificate.Name {
        // Owned by the certificate: not freed here. The same holds for the issuer.
        try unsafe Self.name(X509_get_subject_name(pointer))
    }

    func issuer() throws(PKIError) -> Certificate.Name {
        try unsafe Self.name(X509_get_issuer_name(pointer))
    }

    func serial() throws(PKIError) -> String {
        guard let number = unsafe ASN1_INTEGER_to_BN(X509_get0_serialNumber(pointer), nil) else {
            throw libraryError("ASN1_INTEGER_to_BN")
        }
        defer { unsafe BN_free(number) }
        var bytes = [UInt8](repeating: 0, count: Int(unsafe BN_num_bits(number) + 7) / 8)
        unsafe BN_bn2bin(number, &bytes)
        let digits = hexadecimal(bytes).drop { $0 == "0" }
        return digits.isEmpty ? "0" : String(digits)
    }

    /// The first valid instant, in seconds since 1970, UTC.
    func notBefore() throws(PKIError) -> Int {
        try unsafe Self.seconds(X509_get0_notBefore(pointer))
    }

    /// The last valid instant, in seconds since 1970, UTC.
    func notAfter() throws(PKIError) -> Int {
        try unsafe Self.seconds(X509_get0_notAfter(pointer))
    }

    var isAuthority: Bool {
        unsafe X509_check_ca(pointer) == 1
    }

    var purposes: Set<Certificate.Purpose> {
        let flags = unsafe X509_get_extended_key_usage(pointer)
        // All bits are set when the extension is not there.
        guard flags != UInt32.max else {
            return []
        }
        var purposes: Set<Certificate.Purpose> = []
        if flags & UInt32(XKU_SSL_SERVER) != 0 {
            purposes.insert(.serverAuth)
        }
        if flags & UInt32(XKU_SSL_CLIENT) != 0 {
            purposes.insert(.clientAuth)
        }
        return purposes
    }

    func fingerprint() throws(PKIError) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        guard unsafe X509_digest(pointer, EVP_sha256(), &digest, &count) == 1 else {
            throw libraryError("X509_digest")
        }
        return hexadecimal(digest)
    }

    /// The DNS names and IP addresses of the subject alternative name, in order.
    func alternativeNames() -> (dns: [String], addresses: [String]) {
        guard let found = unsafe X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil) else {
            return ([], [])
        }
        let names = OpaquePointer(found)
        defer { unsafe GENERAL_NAMES_free(names) }
        var dns: [String] = []
        var addresses: [String] = []
        for index in 0..<(unsafe swarmctl_general_name_count(names)) {
            var start: UnsafePointer<UInt8>?
            var count: Int32 = 0
            let type = unsafe swarmctl_general_name(names, index, &start, &count)
            let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: Int(count)))
            if type == GEN_DNS {
                dns.append(String(decoding: bytes, as: UTF8.self))
            } else if type == GEN_IPADD, let text = addressText(bytes[...]) {
                addresses.append(text)
            }
        }
        return (dns, addresses)
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) throws(PKIError) -> Int {
        var calendar = unsafe tm()
        guard unsafe ASN1_TIME_to_tm(time, &calendar) == 1 else {
            throw libraryError("ASN1_TIME_to_tm")
        }
        return unsafe timegm(&calendar)
    }

    private static func name(_ name: OpaquePointer?) throws(PKIError) -> Certificate.Name {
        let text = try unsafe collectOutput("X509_NAME_print_ex") { bio in
            unsafe X509_NAME_print_ex(bio, name, 0, swarmctl_XN_FLAG_RFC2253_UTF8) >= 0
        }
        return unsafe Certificate.Name(
            commonName: entry(of: name, NID_commonName),
            organization: entry(of: name, NID_organizationName),
            organizationalUnit: entry(of: name, NID_organizationalUnitName),
            description: String(decoding: text, as: UTF8.self)
        )
    }

    private static func entry(of name: OpaquePointer?, _ kind: Int32) -> String? {
        let index = unsafe X509_NAME_get_index_by_NID(name, kind, -1)
        guard index >= 0, let entry = unsafe X509_NAME_get_entry(name, index) else {
            return nil
        }
        var text: UnsafeMutablePointer<UInt8>?
        let count = unsafe ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry))
        guard count >= 0, let text = unsafe text else {
            return nil
        }
        defer { unsafe CRYPTO_free(text, nil, 0) }
        return unsafe String(decoding: UnsafeBufferPointer(start: text, count: Int(count)), as: UTF8.self)
    }
}
