// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import CLibcurl
internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// What curl knows of a failed transfer, as plain values.
struct CurlFailure {
    var code: CURLcode
    /// What curl says; for people, never for decisions.
    var detail = ""
    /// The `errno` of the last failed system call for the connection.
    var systemError: Int32 = 0
    /// OpenSSL's reason for not trusting the peer (`X509_V_ERR_…`), or 0.
    var verifyResult = 0
    /// Whether the connection (with TLS) was there when the transfer failed.
    var wasConnected = false

    init(code: CURLcode) {
        self.code = code
    }

    init(_ code: CURLcode, _ easy: borrowing EasyHandle) {
        self.code = code
        let said = easy.detail
        detail = said.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : said
        systemError = Int32(truncatingIfNeeded: easy.info(CURLINFO_OS_ERRNO))
        verifyResult = easy.info(CURLINFO_SSL_VERIFYRESULT)
        wasConnected = unsafe swarmctl_easy_info_size(easy.pointer, CURLINFO_PRETRANSFER_TIME_T) > 0
    }

    /// The reason in OpenSSL's error number, as in `error:0A000412:…`; `nil` when OpenSSL itself names none.
    ///
    /// The number, unlike the words after it, is part of OpenSSL's interface (`SSL_R_…`).
    private var reason: Int? {
        guard let start = detail.firstRange(of: "error:") else {
            return nil
        }
        guard let number = Int(detail[start.upperBound...].prefix { $0.isHexDigit }, radix: 16) else {
            return nil
        }
        return number >> 23 == 20 ? number & 0x7F_FFFF : nil
    }

    /// The TLS alert that the peer sent: reasons above 1000 are alerts.
    var alert: Int? { reason.flatMap { (1000..<1256).contains($0) ? $0 - 1000 : nil } }

    /// Whether the peer hung up in the handshake, as what forwards a port does while nobody listens behind it.
    ///
    /// Then OpenSSL has no reason, or an end of the stream (`SSL_R_UNEXPECTED_EOF_WHILE_READING`).
    var isHangUp: Bool { verifyResult <= 1 && (reason == nil || reason == 294) }
}

extension HTTPError {
    /// Classifies what curl reports.
    init(_ failure: CurlFailure, endpoint: String) {
        switch failure.code {
        case CURLE_UNSUPPORTED_PROTOCOL where failure.wasConnected:
            // That is also how curl says that there was no status line: HTTP 0.9.
            self = .malformedResponse(endpoint: endpoint, detail: failure.detail)
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            self = .badURL(endpoint)
        case CURLE_COULDNT_RESOLVE_HOST:
            self = .noSuchHost(endpoint: endpoint)
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY:
            self = .proxy(endpoint: endpoint, detail: failure.detail)
        case CURLE_COULDNT_CONNECT:
            self = .connecting(failure, endpoint)
        case CURLE_OPERATION_TIMEDOUT:
            self = .timedOut(endpoint: endpoint, whileConnecting: !failure.wasConnected)
        case CURLE_TOO_MANY_REDIRECTS:
            self = .tooManyRedirects(endpoint: endpoint)
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR:
            // In TLS 1.3 the peer judges our certificate only after the handshake is over for us.
            self =
                failure.alert.map { .tls(endpoint: endpoint, TLSFailure(alert: $0)) }
                ?? .connectionLost(endpoint: endpoint, detail: failure.detail)
        case CURLE_SSL_CONNECT_ERROR where failure.isHangUp:
            self = .connectionLost(endpoint: endpoint, detail: failure.detail)
        case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_UPLOAD_FAILED, CURLE_HTTP2_STREAM:
            self = .connectionLost(endpoint: endpoint, detail: failure.detail)
        case CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2, CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP_RETURNED_ERROR:
            self = .malformedResponse(endpoint: endpoint, detail: failure.detail)
        default:
            self =
                TLSFailure(failure).map { .tls(endpoint: endpoint, $0) }
                ?? .library(endpoint: endpoint, code: Int(failure.code.rawValue), detail: failure.detail)
        }
    }

    private static func connecting(_ failure: CurlFailure, _ endpoint: String) -> HTTPError {
        switch failure.systemError {
        case EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL: .noRoute(endpoint: endpoint)
        case ETIMEDOUT: .timedOut(endpoint: endpoint, whileConnecting: true)
        case ENOENT, ENOTDIR: .noSuchSocket(path: endpoint)
        case EACCES, EPERM: .notPermitted(endpoint: endpoint)
        default: .refused(endpoint: endpoint)
        }
    }
}

extension TLSFailure {
    /// `nil` when the failure is not about TLS.
    init?(_ failure: CurlFailure) {
        switch failure.code {
        case CURLE_PEER_FAILED_VERIFICATION:
            self = TLSFailure(verifyResult: failure.verifyResult)
        case CURLE_SSL_CLIENTCERT:
            self = .clientCertificateRequired
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ENGINE_NOTFOUND:
            self = .badLocalFile(detail: failure.detail)
        case CURLE_SSL_CONNECT_ERROR where failure.verifyResult > 1:
            self = TLSFailure(verifyResult: failure.verifyResult)
        case CURLE_SSL_CONNECT_ERROR:
            self = failure.alert.map(TLSFailure.init(alert:)) ?? .handshake(detail: failure.detail)
        default:
            return nil
        }
    }

    /// Reads one of OpenSSL's `X509_V_ERR_…` of a failed verification.
    ///
    /// 0, or curl's 1 for "not looked at yet": OpenSSL found no fault, so the name is wrong, which curl compares first.
    init(verifyResult: Int) {
        switch verifyResult {
        case 0, 1, 62, 64: self = .nameMismatch
        case 2, 18, 19, 20, 21: self = .unknownAuthority
        case 9: self = .notYetValid
        case 10: self = .expired
        case 23: self = .revoked
        default: self = .notVerified(code: verifyResult)
        }
    }

    /// Reads the number of a TLS alert that the peer sent (RFC 8446, section 6).
    init(alert: Int) {
        switch alert {
        case 116: self = .clientCertificateRequired
        // From handshake_failure with a client certificate asked for to access_denied: all about who we are.
        case 41...46, 48, 49: self = .clientCertificateRefused(alert: alert)
        default: self = .alert(alert)
        }
    }
}
