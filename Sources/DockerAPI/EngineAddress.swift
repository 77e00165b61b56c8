// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Where an engine, or a manager, listens.
package enum EngineAddress: Hashable, Sendable, CustomStringConvertible {
    /// A host name or IP address (without brackets) and a port, 1 to 65535.
    case tcp(host: String, port: Int)
    /// A socket in the file system.
    case unix(path: String)

    /// Reads `HOST:PORT`, `tcp://…`, `http://…`, `https://…`, `unix:///PATH`; IPv6 in brackets.
    ///
    /// - Parameters:
    ///   - text: the address; what follows the port after a `/` is left out.
    ///   - defaultPort: the port when there is none; without it a missing port is an error.
    /// - Throws: ``DockerAPIError/malformedAddress(_:)``.
    package init(parsing text: String, defaultPort: Int? = nil) throws(DockerAPIError) {
        if text.hasPrefix("unix://") {
            let path = String(text.dropFirst(7))
            // The longest path that fits `sockaddr_un`, with its final zero.
            guard path.hasPrefix("/"), path.utf8.count < 108 else {
                throw .malformedAddress(text)
            }
            self = .unix(path: path)
            return
        }
        var rest = Substring(text)
        for scheme in ["tcp://", "http://", "https://"] where rest.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            break
        }
        rest = rest.prefix { $0 != "/" }
        guard let (host, port) = Self.split(rest, defaultPort: defaultPort) else {
            throw .malformedAddress(text)
        }
        self = .tcp(host: host, port: port)
    }

    /// As registered with discovery: `HOST:PORT`, or `unix:///PATH`.
    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix://\(path)"
        }
    }

    /// The host without port and brackets; `localhost` for a socket in the file system.
    package var host: String {
        switch self {
        case .tcp(let host, _): host
        case .unix: "localhost"
        }
    }

    private static func split(_ text: Substring, defaultPort: Int?) -> (String, Int)? {
        var host = text
        var port = defaultPort
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let tail = text[text.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else {
                return nil
            }
            port = tail.isEmpty ? defaultPort : Int(tail.dropFirst())
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = Int(text[text.index(after: colon)...])
            guard !host.contains(":") else {
                return nil
            }
        }
        guard let port, (1...65535).contains(port), !host.isEmpty, host.utf8.allSatisfy(isHostByte) else {
            return nil
        }
        return (String(host), port)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: ":"), UInt8(ascii: "%"):
            true
        default:
            false
        }
    }
}
