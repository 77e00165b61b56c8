// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// Why an exchange did not happen or did not end well.
///
/// A response with a status like 404 is no error: it is a response. `endpoint` is `HOST:PORT`, or the
/// path of a socket.
package enum HTTPError: UserFacingError, Equatable {
    case badURL(String)
    case noSuchHost(endpoint: String)
    case refused(endpoint: String)
    case noRoute(endpoint: String)
    /// No connection within the time, or no end of the exchange.
    case timedOut(endpoint: String, whileConnecting: Bool)
    /// There is no socket at the path.
    case noSuchSocket(path: String)
    /// The system does not let us connect to the socket or host.
    case notPermitted(endpoint: String)
    case tls(endpoint: String, TLSFailure)
    /// The connection broke in the middle.
    case connectionLost(endpoint: String, detail: String)
    /// The peer does not speak HTTP, or wrongly.
    case malformedResponse(endpoint: String, detail: String)
    /// A body or header above the limit, in bytes.
    case tooLarge(endpoint: String, limit: Int)
    case tooManyRedirects(endpoint: String)
    case proxy(endpoint: String, detail: String)
    /// A file to send or to write.
    case file(FileError)
    /// Anything else that curl reports.
    case library(endpoint: String, code: Int, detail: String)

    /// Whether the same request may succeed a little later.
    package var isTransient: Bool {
        switch self {
        case .refused, .noRoute, .timedOut, .connectionLost: true
        default: false
        }
    }

    /// Whether the peer cannot have seen the request, so that even a `POST` may be sent again.
    package var wasNotSent: Bool {
        switch self {
        case .badURL, .noSuchHost, .refused, .noRoute, .noSuchSocket, .notPermitted, .timedOut(_, true): true
        default: false
        }
    }

    package var message: String {
        switch self {
        case .badURL(let url): "\"\(url)\" is not a URL of the form http://HOST or https://HOST"
        case .noSuchHost(let endpoint): "there is no host \"\(endpoint)\""
        case .refused(let endpoint): "\"\(endpoint)\" refused the connection"
        case .noRoute(let endpoint): "there is no route to \"\(endpoint)\""
        case .timedOut(let endpoint, true): "\"\(endpoint)\" did not accept a connection in time"
        case .timedOut(let endpoint, false): "\"\(endpoint)\" did not answer in time"
        case .noSuchSocket(let path): "there is no socket \"\(path)\""
        case .notPermitted(let endpoint): "connecting to \"\(endpoint)\" is not permitted"
        case .tls(let endpoint, let failure): "no trusted connection to \"\(endpoint)\": \(failure.words)"
        case .connectionLost(let endpoint, let detail): "the connection to \"\(endpoint)\" broke: \(detail)"
        case .malformedResponse(let endpoint, let detail): "\"\(endpoint)\" did not answer in HTTP: \(detail)"
        case .tooLarge(let endpoint, let limit): "\"\(endpoint)\" sent more than the \(limit) bytes allowed"
        case .tooManyRedirects(let endpoint): "\"\(endpoint)\" redirects too often"
        case .proxy(let endpoint, let detail): "the proxy for \"\(endpoint)\" failed: \(detail)"
        case .file(let error): error.message
        case .library(let endpoint, let code, let detail): "\"\(endpoint)\": \(detail) (curl error \(code))"
        }
    }

    package var hint: String? {
        switch self {
        case .refused: "check that the service runs and listens on that address"
        case .noRoute, .timedOut(_, true): "check the address, the network and the firewall on the way"
        case .tls(_, let failure): failure.hint
        case .proxy: "check `http_proxy`, `https_proxy` and `no_proxy` in the environment"
        case .file(let error): error.hint
        default: nil
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .badURL: .usage
        case .notPermitted, .tls: .denied
        case .file(let error): error.kind
        case .tooLarge, .malformedResponse, .tooManyRedirects, .library: .failed
        default: .unreachable
        }
    }
}

/// Why TLS gave no connection.
package enum TLSFailure: Sendable, Equatable {
    case expired
    case notYetValid
    /// Nothing that we trust signed the peer's certificate.
    case unknownAuthority
    /// The certificate is for other names or addresses.
    case nameMismatch
    case revoked
    /// Verification failed for a reason with this number (`X509_V_ERR_…`).
    case notVerified(code: Int)
    /// The peer wants a client certificate, and we gave none.
    case clientCertificateRequired
    /// The peer does not take our client certificate; the TLS alert with which it said so.
    case clientCertificateRefused(alert: Int)
    /// The peer ended the handshake with a TLS alert that is not about certificates.
    case alert(Int)
    /// A file of ours with a certificate, key or authority cannot be used.
    case badLocalFile(detail: String)
    /// The peer does not speak TLS, or no version that we take.
    case handshake(detail: String)

    /// The reason, as it stands at the end of a message.
    package var words: String {
        switch self {
        case .expired: "its certificate has expired"
        case .notYetValid: "its certificate is not valid yet"
        case .unknownAuthority: "its certificate is not signed by an authority that we trust"
        case .nameMismatch: "its certificate is for another name or address"
        case .revoked: "its certificate was revoked"
        case .notVerified(let code): "its certificate was not verified (reason \(code))"
        case .clientCertificateRequired: "it wants a client certificate"
        case .clientCertificateRefused(alert: 44): "it refused our client certificate: it was revoked"
        case .clientCertificateRefused(alert: 45): "it refused our client certificate: it has expired"
        case .clientCertificateRefused(let alert): "it refused our client certificate (alert \(alert))"
        case .alert(let alert): "it ended the handshake (alert \(alert))"
        case .badLocalFile(let detail): "a certificate or key of ours cannot be used: \(detail)"
        case .handshake(let detail): "the handshake failed: \(detail)"
        }
    }

    package var hint: String? {
        switch self {
        case .expired: "renew it with `swarmctl rotate certs`, unless the clock of one of both machines is wrong"
        case .notYetValid: "compare the clocks of both machines"
        case .clientCertificateRefused:
            "see with `swarmctl certs ls` whether ours has ended, and renew it with `swarmctl rotate certs`"
        // What BoringSSL sends when its user refuses a certificate that it has verified itself.
        case .alert(80): "see with `swarmctl certs ls` whether our client certificate was revoked"
        default: nil
        }
    }
}
