// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// One HTTP exchange to be made: a plain value, sent by ``HTTPClient``.
package struct HTTPRequest: Sendable {
    package var method: String
    /// `http://` or `https://`; with ``unixSocket``, the host only goes into the `Host` header.
    package var url: String
    /// In order; names may repeat.
    ///
    /// `Content-Length` is set from ``body``.
    package var headers: [HTTPHeader] = []
    package var body: HTTPBody = .none
    package var tls = TLSOptions()
    /// The path of a Unix socket to talk to instead of the URL's host.
    package var unixSocket: String?
    /// Where to connect instead of the URL's host and port, as `10.0.0.1:2376` or `[2001:db8::1]:2376`.
    ///
    /// TLS still verifies the URL's host name, and it stays in the `Host` header.
    package var connectTo: String?
    /// Whether `http_proxy`, `https_proxy` and `no_proxy` of the environment are respected.
    package var usesProxy = true
    /// How many redirects are followed; none unless told.
    package var redirectLimit = 0
    /// When the whole exchange must be over, the body included.
    package var deadline: Deadline
    /// Longest wait for a connection, TLS included.
    package var connectTimeout: Duration = .seconds(15)
    /// Whether sending it again changes nothing more; `nil`: as its method says (RFC 9110, 9.2.2).
    package var mayRepeat: Bool?
    /// The largest body that ``HTTPClient/send(_:)`` holds in memory, in bytes; streams have no limit.
    package var bodyLimit = 16 << 20

    package init(_ method: String = "GET", _ url: String, deadline: Deadline = .after(.seconds(60))) {
        self.method = method
        self.url = url
        self.deadline = deadline
    }
}

/// What a request carries.
package enum HTTPBody: Sendable {
    case none
    case bytes([UInt8])
    /// The content of a file, read while it is sent; its length is taken when the transfer begins.
    case file(path: String)
}

/// Whom to trust and who to be; paths of PEM files.
///
/// Always at least TLS 1.2, always verified.
package struct TLSOptions: Sendable, Hashable {
    /// The only authorities trusted; `nil`: `SSL_CERT_FILE`, else those of the system.
    package var authorityFile: String?
    /// The client certificate, with its chain.
    package var certificateFile: String?
    package var keyFile: String?

    package init(authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
        self.authorityFile = authorityFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}
