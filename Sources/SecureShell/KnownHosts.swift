// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import SwarmCore

/// A file of host keys in the format of OpenSSH's `known_hosts`, usually one per cluster.
///
/// Read anew at each use, because other processes append to it.
package struct KnownHosts: Sendable, Hashable {
    /// The file; it may be missing, and is made (0600) with the first key.
    package let path: String

    package init(path: String) {
        self.path = path
    }

    /// A line of the file that names a host.
    package struct Entry: Sendable, Hashable {
        /// From 1.
        package var line: Int
        /// As in `ssh-ed25519`.
        package var type: String
        /// The public key, decoded.
        package var key: [UInt8]
    }

    /// The keys written down for `host` at `port`; hashed names and patterns count too.
    ///
    /// - Throws: ``SSHError/malformedKnownHosts(file:line:reason:)``, `FileError`.
    package func entries(host: String, port: UInt16) throws -> [Entry] {
        let name = Self.name(host: host, port: port)
        var entries: [Entry] = []
        for (index, line) in try lines().enumerated() {
            guard let parsed = try parse(line, number: index + 1), parsed.names.matches(name) else {
                continue
            }
            entries.append(parsed.entry)
        }
        return entries
    }

    /// Writes a host's key down, unless the same one is there; safe between processes.
    ///
    /// - Parameters:
    ///   - publicKey: `TYPE BASE64`, as in a `.pub` file; a comment after it is dropped.
    ///   - host: a name or an address.
    ///   - port: 1 to 65535.
    /// - Throws: ``SSHError/hostKeyChanged(_:)`` when another key of that type is there,
    ///   ``SSHError/malformedKnownHosts(file:line:reason:)``, `FileError`.
    package func pin(_ publicKey: String, host: String, port: UInt16) throws {
        let fields = publicKey.split(separator: " ")
        guard fields.count >= 2, let data = Data(base64Encoded: String(fields[1])) else {
            throw SSHError.malformedKnownHosts(file: path, line: 0, reason: "\"\(publicKey)\" is not a public key")
        }
        try withLock {
            let known = try entries(host: host, port: port)
            guard !known.contains(where: { $0.key == Array(data) }) else {
                return
            }
            if let other = known.first(where: { $0.type == fields[0] }) {
                throw SSHError.hostKeyChanged(
                    HostKeyChange(
                        endpoint: SSHEndpoint(user: "", host: host, port: port),
                        file: path,
                        line: other.line,
                        expected: PublicKeyText.fingerprint(other.key),
                        received: PublicKeyText.fingerprint(Array(data))
                    )
                )
            }
            let line = "\(Self.name(host: host, port: port)) \(fields[0]) \(fields[1])"
            try write(lines() + [line])
        }
    }

    /// Removes every line that names exactly `host` at `port`: for hosts that were removed.
    ///
    /// - Throws: `FileError`.
    package func remove(host: String, port: UInt16) throws {
        guard AtomicFile.exists(path) else {
            return
        }
        let name = Self.name(host: host, port: port)
        try withLock {
            let lines = try lines()
            let kept = lines.filter { $0.split(separator: " ").first.map(String.init) != name }
            if kept.count < lines.count {
                try write(kept)
            }
        }
    }

    /// A host as OpenSSH writes it: with brackets and port when that is not 22.
    static func name(host: String, port: UInt16) -> String {
        port == 22 ? host.lowercased() : "[\(host.lowercased())]:\(port)"
    }

    private func withLock(_ body: () throws -> Void) throws {
        if let cut = path.lastIndex(of: "/"), cut != path.startIndex {
            try AtomicFile.makeFolder(String(path[..<cut]))
        }
        let lock = try FileLock(path: "\(path).lock")
        defer { extendLifetime(lock) }
        try body()
    }

    private func write(_ lines: [String]) throws {
        try AtomicFile.write(lines.map { "\($0)\n" }.joined(), to: path, mode: 0o600)
    }

    private func lines() throws -> [String] {
        guard AtomicFile.exists(path) else {
            return []
        }
        return try AtomicFile.readText(path).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .map(String.init).trimmingLastEmpty()
    }

    private func parse(_ line: String, number: Int) throws -> (names: HostNames, entry: Entry)? {
        let fields = line.split { $0 == " " || $0 == "\t" }
        // `@revoked` and `@cert-authority` lines pin no key of a host.
        guard let first = fields.first, !first.hasPrefix("#"), !first.hasPrefix("@") else {
            return nil
        }
        guard fields.count >= 3, let key = Data(base64Encoded: String(fields[2])) else {
            throw SSHError.malformedKnownHosts(file: path, line: number, reason: "not `NAMES TYPE BASE64`")
        }
        let entry = Entry(line: number, type: String(fields[1]), key: Array(key))
        return (HostNames(String(first)), entry)
    }
}

extension [String] {
    fileprivate func trimmingLastEmpty() -> [String] {
        last == "" ? Array(dropLast()) : self
    }
}

/// The first field of a line: names and patterns, or one hashed name.
private struct HostNames {
    private let field: String

    init(_ field: String) {
        self.field = field
    }

    func matches(_ name: String) -> Bool {
        guard field.hasPrefix("|1|") else {
            return HostPattern.matches(name, list: field.lowercased().split(separator: ",").map(String.init))
        }
        let parts = field.dropFirst(3).split(separator: "|")
        guard parts.count == 2, let salt = Data(base64Encoded: String(parts[0])),
            let digest = Data(base64Encoded: String(parts[1])), salt.count <= 64
        else {
            return false
        }
        return SHA1.authenticate(Array(name.utf8), key: Array(salt)) == Array(digest)
    }
}
