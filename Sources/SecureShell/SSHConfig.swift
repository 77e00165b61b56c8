// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import SwarmCore

/// What `~/.ssh/config` says: the first value found for a host wins, as in OpenSSH.
///
/// Understood: `Host` with patterns and `!`, `HostName`, `User`, `Port`, `IdentityFile`,
/// `IdentitiesOnly`, `ProxyJump`, `Include`. Other keywords are passed over; `Match` blocks other
/// than `Match all` never apply.
package struct SSHConfig: Sendable {
    /// A line of interest, with the blocks that it is in.
    struct Setting: Sendable {
        /// Each must match; a block within an included file is in the block of the `Include` too.
        var conditions: [[String]]
        /// In lower case.
        var keyword: String
        var value: String
        var file: String
        var line: Int
    }

    let settings: [Setting]

    /// How many jump hosts may follow one another.
    private static let jumpLimit = 8

    /// A configuration that says nothing.
    package init() {
        settings = []
    }

    /// Reads the file and what it includes; a missing file says nothing.
    ///
    /// - Parameter path: `~/.ssh/config` unless told.
    /// - Throws: ``SSHError/malformedConfig(file:line:reason:)``, `FileError`.
    package init(path: String) throws {
        var parser = SSHConfigParser()
        if AtomicFile.exists(path) {
            try parser.read(path, depth: 0)
        }
        settings = parser.settings
    }

    /// The user's own configuration.
    ///
    /// - Throws: as ``init(path:)``.
    package static func user() throws -> SSHConfig {
        try SSHConfig(path: "\(SSHEnvironment.home)/.ssh/config")
    }

    /// Resolves what a person typed to what is dialled.
    ///
    /// - Parameters:
    ///   - address: its user and port win over the configuration.
    ///   - defaultUser: used when neither says; the local user unless told.
    ///   - identityFiles: tried before those of the configuration.
    /// - Returns: the destination, with its jump hosts resolved in the same way.
    /// - Throws: ``SSHError/malformedConfig(file:line:reason:)`` for a bad `ProxyJump`, or jumps in a circle.
    package func resolve(
        _ address: SSHAddress,
        defaultUser: String = SSHEnvironment.user,
        identityFiles: [String] = []
    ) throws(SSHError) -> SSHDestination {
        try resolve(address, defaultUser: defaultUser, identityFiles: identityFiles, depth: 0)
    }

    private func resolve(
        _ address: SSHAddress,
        defaultUser: String,
        identityFiles: [String],
        depth: Int
    ) throws(SSHError) -> SSHDestination {
        let found = settings.filter { setting in
            setting.conditions.allSatisfy { HostPattern.matches(address.host.lowercased(), list: $0) }
        }
        func first(_ keyword: String) -> Setting? {
            found.first { $0.keyword == keyword }
        }
        let hostName = first("hostname")?.value.replacing("%h", with: address.host).replacing("%%", with: "%")
        let user = address.user ?? first("user")?.value ?? defaultUser
        var port = address.port ?? 22
        if address.port == nil, let setting = first("port") {
            port = try Self.port(setting)
        }
        let endpoint = SSHEndpoint(user: user, host: hostName ?? address.host, port: port)
        let files = found.filter { $0.keyword == "identityfile" && $0.value.lowercased() != "none" }
            .map { expand($0.value, endpoint: endpoint, original: address.host) }
        var destination = SSHDestination(
            endpoint: endpoint,
            identityFiles: identityFiles + files.filter { AtomicFile.exists($0) },
            identitiesOnly: first("identitiesonly")?.value.lowercased() == "yes"
        )
        if let jump = first("proxyjump"), jump.value.lowercased() != "none" {
            destination.jumps = try jumps(jump, defaultUser: defaultUser, depth: depth)
        }
        return destination
    }

    private func jumps(_ setting: Setting, defaultUser: String, depth: Int) throws(SSHError) -> [SSHDestination] {
        guard depth < Self.jumpLimit else {
            throw .malformedConfig(file: setting.file, line: setting.line, reason: "the jump hosts go in a circle")
        }
        var jumps: [SSHDestination] = []
        for text in setting.value.split(separator: ",") {
            guard let address = SSHAddress(parsing: String(text)) else {
                throw .malformedConfig(
                    file: setting.file,
                    line: setting.line,
                    reason: "\"\(text)\" is not [USER@]HOST[:PORT]"
                )
            }
            var jump = try resolve(address, defaultUser: defaultUser, identityFiles: [], depth: depth + 1)
            // Only the first hop is reached through jump hosts of its own; the next ones through it.
            if jumps.isEmpty {
                jumps = jump.jumps
            }
            jump.jumps = []
            jumps.append(jump)
        }
        return jumps
    }

    private static func port(_ setting: Setting) throws(SSHError) -> UInt16 {
        guard let port = UInt16(setting.value), port > 0 else {
            throw .malformedConfig(
                file: setting.file,
                line: setting.line,
                reason: "\"\(setting.value)\" is not a port"
            )
        }
        return port
    }

    /// Replaces `~` and the tokens of ssh_config(5) that name keys.
    private func expand(_ value: String, endpoint: SSHEndpoint, original: String) -> String {
        let home = SSHEnvironment.home
        var rest = Substring(value.hasPrefix("~/") ? home + value.dropFirst(1) : value)
        var text = ""
        while let sign = rest.firstIndex(of: "%") {
            text += rest[..<sign]
            let token = rest[sign...].dropFirst().first
            switch token {
            case "h": text += endpoint.host
            case "n": text += original
            case "d": text += home
            case "r": text += endpoint.user
            case "p": text += String(endpoint.port)
            case "u": text += SSHEnvironment.user
            case "%": text += "%"
            default: text += "%" + (token.map(String.init) ?? "")
            }
            rest = rest[sign...].dropFirst(2)
        }
        return text + rest
    }
}

/// Turns the lines of configuration files into settings.
struct SSHConfigParser {
    private(set) var settings: [SSHConfig.Setting] = []
    private var outer: [[String]] = []

    private static let keywords: Set<String> = [
        "hostname", "user", "port", "identityfile", "identitiesonly", "proxyjump",
    ]

    /// - Throws: ``SSHError/malformedConfig(file:line:reason:)``, `FileError`.
    mutating func read(_ path: String, depth: Int) throws {
        var block: [String]?
        for (index, line) in try AtomicFile.readText(path).split(
            omittingEmptySubsequences: false,
            whereSeparator: \.isNewline
        ).enumerated() {
            guard let (keyword, value) = try Self.split(line, file: path, number: index + 1) else {
                continue
            }
            switch keyword {
            case "host": block = Self.words(value.lowercased())
            case "match": block = value.lowercased() == "all" ? ["*"] : []
            case "include":
                try include(value, from: path, line: index + 1, block: block, depth: depth)
            case let keyword where Self.keywords.contains(keyword):
                settings.append(
                    SSHConfig.Setting(
                        conditions: outer + (block.map { [$0] } ?? []),
                        keyword: keyword,
                        value: keyword == "proxyjump" ? value : Self.words(value).first ?? "",
                        file: path,
                        line: index + 1
                    )
                )
            default: continue
            }
        }
    }

    private mutating func include(_ value: String, from path: String, line: Int, block: [String]?, depth: Int) throws {
        guard depth < 16 else {
            throw SSHError.malformedConfig(file: path, line: line, reason: "files include each other")
        }
        let before = outer
        defer { outer = before }
        outer += block.map { [$0] } ?? []
        for word in Self.words(value) {
            for file in Self.files(word) {
                try read(file, depth: depth + 1)
            }
        }
    }

    /// The files that a pattern of `Include` names, in order; relative ones are in `~/.ssh`.
    private static func files(_ pattern: String) -> [String] {
        var path = pattern
        if path.hasPrefix("~/") {
            path = SSHEnvironment.home + path.dropFirst(1)
        } else if !path.hasPrefix("/") {
            path = "\(SSHEnvironment.home)/.ssh/\(path)"
        }
        guard path.contains("*") || path.contains("?") else {
            return AtomicFile.exists(path) ? [path] : []
        }
        let cut = path.lastIndex(of: "/") ?? path.startIndex
        let folder = String(path[..<cut])
        let last = String(path[path.index(after: cut)...])
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { !$0.hasPrefix(".") && HostPattern.matches($0, list: [last]) }.sorted()
            .map { "\(folder)/\($0)" }
    }

    private static func split(_ line: Substring, file: String, number: Int) throws -> (String, String)? {
        let line = line.drop { $0 == " " || $0 == "\t" }
        guard let first = line.first, first != "#" else {
            return nil
        }
        let keyword = line.prefix { $0 != " " && $0 != "\t" && $0 != "=" }
        let value = line.dropFirst(keyword.count).drop { $0 == " " || $0 == "\t" || $0 == "=" }
        let trimmed = value.reversed().drop { $0 == " " || $0 == "\t" }.reversed()
        guard !trimmed.isEmpty else {
            throw SSHError.malformedConfig(file: file, line: number, reason: "\"\(keyword)\" has no value")
        }
        return (keyword.lowercased(), String(trimmed))
    }

    /// Words between blanks, or in double quotes.
    private static func words(_ value: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        for character in value {
            if character == "\"" {
                isQuoted.toggle()
            } else if !isQuoted, character == " " || character == "\t" {
                words.append(word)
                word = ""
            } else {
                word.append(character)
            }
        }
        return (words + [word]).filter { !$0.isEmpty }
    }
}
