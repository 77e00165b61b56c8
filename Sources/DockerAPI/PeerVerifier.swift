// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOSSL

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Decides within a handshake whether a client's certificate is taken.
///
/// TLS itself verifies signature, times and purpose; this adds what it does not know, and finds words for the log.
struct PeerVerifier: Sendable {
    let revoked: RevokedSerials
    let onRefusal: @Sendable (String) -> Void

    /// A handler for one connection.
    func handler(_ context: NIOSSLContext) throws -> NIOSSLServerHandler {
        let maker: any VerifyingHandler.Type = Verified.self
        return try maker.make(context) { result, certificate in
            guard let reason = refusal(of: certificate, isVerified: result == .certificateVerified) else {
                return .certificateVerified
            }
            onRefusal(reason)
            return .failed
        }
    }

    /// Why a certificate of the chain, the authority's own one included, is refused; `nil` when it is not.
    private func refusal(of certificate: NIOSSLCertificate, isVerified: Bool) -> String? {
        let name = "the certificate of \"\(PeerCertificate(certificate).commonNames.first ?? "nobody")\""
        guard isVerified else {
            return Self.reason(of: certificate).map { "\(name) \($0)" } ?? "\(name) is not one of this cluster's"
        }
        return revoked.contains(certificate.serialNumber) ? "\(name) was revoked" : nil
    }

    private static func reason(of certificate: NIOSSLCertificate) -> String? {
        let now = time(nil)
        if now >= certificate.notValidAfter {
            return "has expired, \(now - certificate.notValidAfter) s ago"
        }
        return now < certificate.notValidBefore ? "begins in \(certificate.notValidBefore - now) s" : nil
    }
}

/// Makes handlers with a say in the verification that TLS does.
///
/// NIOSSL's newer callbacks replace that verification, or come after the handshake; the one that is part of it is marked
/// as deprecated, and a protocol's requirement is how to reach it.
private protocol VerifyingHandler {
    static func make(
        _ context: NIOSSLContext,
        _ verify: @escaping (NIOSSLVerificationResult, NIOSSLCertificate) -> NIOSSLVerificationResult
    ) throws -> NIOSSLServerHandler
}

private enum Verified: VerifyingHandler {
    @available(*, deprecated, message: "use it through the protocol")
    static func make(
        _ context: NIOSSLContext,
        _ verify: @escaping (NIOSSLVerificationResult, NIOSSLCertificate) -> NIOSSLVerificationResult
    ) throws -> NIOSSLServerHandler {
        try NIOSSLServerHandler(context: context, verificationCallback: verify)
    }
}
