// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// What errors call the other end of a connection.
enum Endpoint {
    /// `HOST:PORT` without user, path and query, which may hold secrets; or the path of a socket.
    static func name(of request: HTTPRequest) -> String {
        if let socket = request.unixSocket {
            return socket
        }
        if let target = request.connectTo {
            return target
        }
        var rest = request.url[...]
        var port = "80"
        if let scheme = rest.firstRange(of: "://") {
            port = rest[..<scheme.lowerBound].lowercased() == "https" ? "443" : "80"
            rest = rest[scheme.upperBound...]
        }
        rest = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if let at = rest.lastIndex(of: "@") {
            rest = rest[rest.index(after: at)...]
        }
        let afterAddress = rest.lastIndex(of: "]") ?? rest.startIndex
        guard request.url.contains("://") else {
            return String(rest)
        }
        return rest[afterAddress...].contains(":") ? String(rest) : "\(rest):\(port)"
    }
}
