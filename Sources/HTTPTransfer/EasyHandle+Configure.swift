// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import CLibcurl
internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

extension EasyHandle {
    /// Sets everything but the callbacks.
    mutating func configure(for request: HTTPRequest, uploadSize: Int?) {
        // Signals would interrupt other threads' system calls.
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        set(CURLOPT_URL, request.url)
        set(CURLOPT_HTTP_VERSION, swarmctl_http_version_2tls)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_FOLLOWLOCATION, request.redirectLimit > 0 ? 1 : 0)
        set(CURLOPT_MAXREDIRS, request.redirectLimit)
        // Zero would mean no limit to curl.
        let total = max(1, request.deadline.remainingMilliseconds)
        set(CURLOPT_TIMEOUT_MS, total)
        set(CURLOPT_CONNECTTIMEOUT_MS, min(total, max(1, Deadline.after(request.connectTimeout).remainingMilliseconds)))
        setMethod(request.method, uploadSize: uploadSize)
        setHeaders(request.headers)
        setRoute(of: request)
        setTLS(request.tls)
    }

    private func setMethod(_ method: String, uploadSize: Int?) {
        switch method {
        case "HEAD" where uploadSize == nil:
            set(CURLOPT_NOBODY, 1)
        case "GET" where uploadSize == nil:
            set(CURLOPT_HTTPGET, 1)
        case "POST", "PUT", "PATCH":
            // Also without a body, so that `Content-Length: 0` is sent, which servers insist on.
            set(CURLOPT_UPLOAD, 1)
            set(CURLOPT_INFILESIZE_LARGE, size: uploadSize ?? 0)
            set(CURLOPT_CUSTOMREQUEST, method)
        default:
            if let uploadSize {
                set(CURLOPT_UPLOAD, 1)
                set(CURLOPT_INFILESIZE_LARGE, size: uploadSize)
            }
            set(CURLOPT_CUSTOMREQUEST, method)
        }
    }

    private mutating func setHeaders(_ headers: [HTTPHeader]) {
        // Without this, curl waits a second for permission to send a large body.
        var lines = ["Expect:"]
        lines += headers.compactMap { header in
            // A line break would begin another header, or another request.
            let line = header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)"
            return line.unicodeScalars.contains { $0 == "\r" || $0 == "\n" || $0 == "\0" } ? nil : line
        }
        if !headers.contains(where: { $0.name.lowercased() == "user-agent" }) {
            set(CURLOPT_USERAGENT, "swarmctl/\(swarmVersion)")
        }
        set(CURLOPT_HTTPHEADER, lines: lines)
    }

    private mutating func setRoute(of request: HTTPRequest) {
        if let socket = request.unixSocket {
            set(CURLOPT_UNIX_SOCKET_PATH, socket)
        }
        if let target = request.connectTo {
            set(CURLOPT_CONNECT_TO, lines: ["::\(target)"])
        }
        if request.unixSocket != nil || !request.usesProxy {
            // An empty text, unlike none, also keeps the environment's proxy away.
            set(CURLOPT_PROXY, "")
        }
    }

    private func setTLS(_ tls: TLSOptions) {
        set(CURLOPT_SSLVERSION, swarmctl_sslversion_tls12)
        if let authorities = tls.authorityFile {
            set(CURLOPT_CAINFO, authorities)
            // Distributions build curl with a folder of public authorities, which would be trusted too.
            set(CURLOPT_CAPATH, nil)
        } else if let authorities = unsafe getenv("SSL_CERT_FILE").map({ unsafe String(cString: $0) }),
            !authorities.isEmpty
        {
            set(CURLOPT_CAINFO, authorities)
            set(CURLOPT_CAPATH, nil)
        }
        if let certificate = tls.certificateFile {
            set(CURLOPT_SSLCERT, certificate)
            set(CURLOPT_SSLKEY, tls.keyFile ?? certificate)
        }
    }
}
