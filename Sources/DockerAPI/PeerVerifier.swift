// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOSSL

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Decides within a handshake whether a peer's certificate is taken.
///
/// TLS itself verifies signature, times and purpose; this adds what it does not know, and finds words for the log.
struct PeerVerifier: Sendable {
    var revoked = RevokedSerials()
    /// Gets the serial number and the words for each leaf certificate that is taken.
    var onTaking: @Sendable (_ serial: [UInt8], _ name: String) -> Void = { _, _ in }
    let onRefusal: @Sendable (String) -> Void

    /// A handler for one connection that was accepted.
    func handler(_ context: NIOSSLContext) throws -> NIOSSLServerHandler {
        let maker: any VerifyingHandler.Type = Verified.self
        return try maker.server(context, verify)
    }

    /// A handler for one connection that we make.
    func handler(_ context: NIOSSLContext, serverName: String?) throws -> NIOSSLClientHandler {
        let maker: any VerifyingHandler.Type = Verified.self
        return try maker.client(context, serverName, verify)
    }

    private func verify(_ result: NIOSSLVerificationResult, _ certificate: NIOSSLCertificate)
        -> NIOSSLVerificationResult
    {
        guard let reason = refusal(of: certificate, isVerified: result == .certificateVerified) else {
            return .certificateVerified
        }
        onRefusal(reason)
        return .failed
    }

    /// Why a certificate of the chain, the authority's own one included, is refused; `nil` when it is not.
    private func refusal(of certificate: NIOSSLCertificate, isVerified: Bool) -> String? {
        let peer = PeerCertificate(certificate)
        let name = "the certificate of \"\(peer.commonNames.first ?? "nobody")\""
        guard isVerified else {
            return Self.reason(of: certificate).map { "\(name) \($0)" } ?? "\(name) is not one of this cluster's"
        }
        guard !revoked.contains(certificate.serialNumber) else {
            return "\(name) was revoked"
        }
        if !peer.isAuthority {
            onTaking(certificate.serialNumber, name)
        }
        return nil
    }

    private static func reason(of certificate: NIOSSLCertificate) -> String? {
        let now = time(nil)
        if now >= certificate.notValidAfter {
            return "has expired, \(now - certificate.notValidAfter) s ago, at \(utc(certificate.notValidAfter))"
        }
        return now < certificate.notValidBefore ? "begins in \(certificate.notValidBefore - now) s" : nil
    }

    /// As in `2026-03-01T12:00:00Z`.
    static func utc(_ seconds: Int) -> String {
        var seconds = time_t(seconds)
        var parts = tm()
        guard gmtime_r(&seconds, &parts) != nil else {
            return "\(seconds)"
        }
        func digits(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date = "\(parts.tm_year + 1900)-\(digits(parts.tm_mon + 1))-\(digits(parts.tm_mday))"
        return "\(date)T\(digits(parts.tm_hour)):\(digits(parts.tm_min)):\(digits(parts.tm_sec))Z"
    }
}

/// Makes handlers with a say in the verification that TLS does.
///
/// NIOSSL's newer callbacks replace that verification, or come after the handshake; the one that is part of it is marked
/// as deprecated, and a protocol's requirement is how to reach it.
private protocol VerifyingHandler {
    typealias Verification = (NIOSSLVerificationResult, NIOSSLCertificate) -> NIOSSLVerificationResult

    static func server(_ context: NIOSSLContext, _ verify: @escaping Verification) throws -> NIOSSLServerHandler
    static func client(
        _ context: NIOSSLContext,
        _ serverName: String?,
        _ verify: @escaping Verification
    ) throws -> NIOSSLClientHandler
}

private enum Verified: VerifyingHandler {
    @available(*, deprecated, message: "use it through the protocol")
    static func server(_ context: NIOSSLContext, _ verify: @escaping Verification) throws -> NIOSSLServerHandler {
        try NIOSSLServerHandler(context: context, verificationCallback: verify)
    }

    @available(*, deprecated, message: "use it through the protocol")
    static func client(
        _ context: NIOSSLContext,
        _ serverName: String?,
        _ verify: @escaping Verification
    ) throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: context, serverHostname: serverName, verificationCallback: verify)
    }
}
