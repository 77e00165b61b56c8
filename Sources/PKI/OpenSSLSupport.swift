// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import COpenSSL

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Takes the oldest reason from this thread's OpenSSL error queue and empties the queue.
///
/// Call it right after the failing call, on the same thread: never across an `await`.
func drainOpenSSLErrors() -> String {
    defer { ERR_clear_error() }
    let code = ERR_get_error()
    guard code != 0, let reason = unsafe ERR_reason_error_string(code) else {
        return "no reason given"
    }
    return unsafe String(cString: reason)
}

/// The failure of `call`, with the reason that OpenSSL gives.
func libraryError(_ call: String) -> PKIError {
    .library(call: call, detail: drainOpenSSLErrors())
}

/// Runs `body` with a BIO that reads `bytes`, which it borrows; nil when `body` gives nothing.
func withReader(_ bytes: [UInt8], _ body: (OpaquePointer) -> OpaquePointer?) -> OpaquePointer? {
    ERR_clear_error()
    return unsafe bytes.withUnsafeBytes { buffer -> OpaquePointer? in
        guard let bio = unsafe BIO_new_mem_buf(buffer.baseAddress, Int32(clamping: buffer.count)) else {
            return nil
        }
        defer { unsafe BIO_free(bio) }
        return unsafe body(bio)
    }
}

/// Collects what `body` writes to a BIO in memory.
///
/// - Throws: ``PKIError/library(call:detail:)`` naming `call` when `body` returns false.
func collectOutput(_ call: String, _ body: (OpaquePointer) -> Bool) throws(PKIError) -> [UInt8] {
    ERR_clear_error()
    guard let bio = unsafe BIO_new(BIO_s_secmem()) else {
        throw libraryError("BIO_new")
    }
    defer { unsafe BIO_free(bio) }
    guard unsafe body(bio) else {
        throw libraryError(call)
    }
    var start: UnsafeMutablePointer<CChar>?
    let count = unsafe swarmctl_BIO_get_mem_data(bio, &start)
    return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
}

/// SHA-256 of `bytes`.
func sha256(_ bytes: [UInt8]) throws(PKIError) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    guard unsafe EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil) == 1 else {
        throw libraryError("EVP_Digest")
    }
    return digest
}

/// Lower-case hexadecimal, two digits a byte.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
}

/// The system's clock, in seconds since 1970, UTC.
func secondsSince1970() -> Int {
    time(nil)
}

/// An IPv4 or IPv6 address in the form of inet_ntop; nil for anything else.
func normalizedAddress(_ text: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: 16)
    if unsafe inet_pton(AF_INET, text, &bytes) == 1 {
        return addressText(bytes.prefix(4))
    }
    return unsafe inet_pton(AF_INET6, text, &bytes) == 1 ? addressText(bytes[...]) : nil
}

/// The text of an address of 4 or 16 bytes; nil for another length.
func addressText(_ bytes: ArraySlice<UInt8>) -> String? {
    let family: Int32
    switch bytes.count {
    case 4: family = AF_INET
    case 16: family = AF_INET6
    default: return nil
    }
    var text = [CChar](repeating: 0, count: 64)
    guard unsafe inet_ntop(family, Array(bytes), &text, 64) != nil else {
        return nil
    }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
