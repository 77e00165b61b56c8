// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A user at a host and a port.
package struct SSHEndpoint: Hashable, Sendable, CustomStringConvertible {
    package var user: String
    /// A name or an address, without brackets.
    package var host: String
    /// 1 to 65535.
    package var port: UInt16

    package init(user: String, host: String, port: UInt16 = 22) {
        self.user = user
        self.host = host
        self.port = port
    }

    /// As in `root@10.0.0.1:22`, `root@[fd00::1]:22`.
    package var description: String {
        "\(user)@\(address)"
    }

    /// Without the user, as in `10.0.0.1:22`, `[fd00::1]:22`.
    package var address: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// What a person types for a host: each part but the host may be left out.
package struct SSHAddress: Hashable, Codable, Sendable, CustomStringConvertible {
    package var user: String?
    package var host: String
    package var port: UInt16?

    package init(user: String? = nil, host: String, port: UInt16? = nil) {
        self.user = user
        self.host = host
        self.port = port
    }

    /// Reads `[USER@]HOST[:PORT]`, `[USER@][V6]:PORT` or `ssh://…`; nil for anything else.
    package init?(parsing text: String) {
        var rest = Substring(text)
        if rest.hasPrefix("ssh://") {
            rest = rest.dropFirst(6)
            if rest.hasSuffix("/") {
                rest = rest.dropLast()
            }
        }
        if let at = rest.lastIndex(of: "@") {
            user = String(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        guard let (host, port) = Self.split(rest), user?.isEmpty != true, Self.isPlausible(host) else {
            return nil
        }
        self.host = String(host)
        guard let port else {
            return
        }
        guard let number = UInt16(port), number > 0 else {
            return nil
        }
        self.port = number
    }

    /// What ``init(parsing:)`` reads: `HOST`, `USER@HOST`, `USER@[V6]:PORT`.
    package var description: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return (user.map { "\($0)@" } ?? "") + host + (port.map { ":\($0)" } ?? "")
    }

    private static func split(_ text: Substring) -> (host: Substring, port: Substring?)? {
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else {
                return nil
            }
            let host = text[text.index(after: text.startIndex)..<end]
            let tail = text[text.index(after: end)...]
            guard tail.first == ":" else {
                return tail.isEmpty ? (host, nil) : nil
            }
            return (host, tail.dropFirst())
        }
        guard let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon else {
            return (text, nil)
        }
        return (text[..<colon], text[text.index(after: colon)...])
    }

    /// A name never begins with `-`, so that it cannot be taken for an option anywhere.
    private static func isPlausible(_ host: Substring) -> Bool {
        !host.isEmpty && host.first != "-"
            && host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") }
    }
}
