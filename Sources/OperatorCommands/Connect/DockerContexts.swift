// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import PKI
internal import SwarmCore

/// The contexts of the docker CLI: files below `~/.docker`, written without the docker CLI.
///
/// ```text
/// contexts/meta/SHA256(name)/meta.json
/// contexts/tls/SHA256(name)/docker/{ca,cert,key}.pem
/// config.json     "currentContext"
/// ```
package struct DockerContexts: Sendable {
    /// Marks the contexts that we made, so that no other is ever changed.
    private static let mark = "swarmctl"

    private let folder: String

    /// - Parameter folder: `~/.docker`, or `DOCKER_CONFIG`.
    package init(folder: String) {
        self.folder = folder
    }

    package init(_ context: CommandContext) {
        let configured = context.environment["DOCKER_CONFIG"] ?? ""
        self.init(folder: configured.isEmpty ? "\(context.home)/.docker" : configured)
    }

    /// Makes the context, or brings it up to date.
    ///
    /// - Parameters:
    ///   - name: 2 or more of letters, digits and `_.+-`.
    ///   - description: shown by `docker context ls`.
    ///   - url: `tcp://HOST:PORT`.
    ///   - certificates: the folder whose ca.pem, cert.pem and key.pem are copied.
    /// - Throws: ``OperatorError/badContextName(name:problem:)``, ``OperatorError/foreignContext(name:)``,
    ///   `FileError`.
    package func write(name: String, description: String, url: String, certificates: String) throws {
        try check(name)
        let id = try Self.identifier(of: name)
        let files = try ["ca.pem", "cert.pem", "key.pem"].map { file in
            (file, try AtomicFile.read("\(certificates)/\(file)"))
        }
        let keys = "\(folder)/contexts/tls/\(id)/docker"
        try AtomicFile.makeFolder(keys)
        for (file, bytes) in files {
            try AtomicFile.write(bytes, to: "\(keys)/\(file)", mode: file == "key.pem" ? 0o600 : 0o644)
        }
        let meta = "\(folder)/contexts/meta/\(id)"
        try AtomicFile.makeFolder(meta)
        // Last, because a context is there from this moment on.
        let record = JSONValue.object([
            "Name": .string(name),
            "Metadata": .object(["Description": .string(description), Self.mark: .boolean(true)]),
            "Endpoints": .object([
                "docker": .object(["Host": .string(url), "SkipTLSVerify": .boolean(false)])
            ]),
        ])
        try AtomicFile.write(record.compactText, to: "\(meta)/meta.json", mode: 0o644)
    }

    /// Removes the context; nothing there is no error.
    ///
    /// When it is in use, the docker CLI goes back to the engine on this host.
    ///
    /// - Throws: as ``write(name:description:url:certificates:)``.
    package func remove(name: String) throws {
        try check(name)
        let id = try Self.identifier(of: name)
        try removeTree("\(folder)/contexts/meta/\(id)")
        try removeTree("\(folder)/contexts/tls/\(id)")
        if try configuration()["currentContext"].string == name {
            try setCurrent(nil)
        }
    }

    /// Makes the context the one that the docker CLI uses; everything else in config.json stays.
    ///
    /// - Parameter name: a context; `nil` for the engine on this host.
    /// - Throws: `FileError`, `DecodingError` for a config.json that is not JSON.
    package func setCurrent(_ name: String?) throws {
        guard case .object(var members) = try configuration() else {
            throw OperatorError.unexpectedReply(url: configurationFile, problem: "it is no JSON object")
        }
        members["currentContext"] = name.map { .string($0) }
        try AtomicFile.makeFolder(folder)
        try AtomicFile.write(JSONValue.object(members).text + "\n", to: configurationFile)
    }

    /// The endpoint of a context, the one in use unless named; `nil` for the default one.
    package func currentEndpoint(named name: String?) throws -> String? {
        let chosen = name.flatMap { $0.isEmpty ? nil : $0 }
        guard let name = try chosen ?? configuration()["currentContext"].string, name != "default" else {
            return nil
        }
        return try metadata(of: name)?["Endpoints"]["docker"]["Host"].string
    }

    private var configurationFile: String { "\(folder)/config.json" }

    private func check(_ name: String) throws {
        let allowed: (Character) -> Bool = { $0.isASCII && ($0.isLetter || $0.isNumber || "_.+-".contains($0)) }
        if name == "default" {
            throw OperatorError.badContextName(name: name, problem: "it means the engine on this host")
        }
        guard name.count >= 2, let first = name.first, first.isLetter || first.isNumber, name.allSatisfy(allowed)
        else {
            throw OperatorError.badContextName(
                name: name,
                problem: "docker wants two or more letters, digits and \"_.+-\""
            )
        }
        if let existing = try metadata(of: name), existing["Metadata"][Self.mark] != .boolean(true) {
            throw OperatorError.foreignContext(name: name)
        }
    }

    /// The name of a context's folders: the SHA-256 of its name.
    private static func identifier(of name: String) throws -> String {
        var digest = try SHA256Digest()
        digest.update(name.utf8)
        return digest.hexadecimal()
    }

    private func metadata(of name: String) throws -> JSONValue? {
        let path = "\(folder)/contexts/meta/\(try Self.identifier(of: name))/meta.json"
        return try AtomicFile.exists(path) ? parsed(path) : nil
    }

    private func configuration() throws -> JSONValue {
        try AtomicFile.exists(configurationFile) ? parsed(configurationFile) : .object([:])
    }

    private func parsed(_ path: String) throws -> JSONValue {
        let bytes = try AtomicFile.read(path)
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw OperatorError.unexpectedReply(url: path, problem: "it is not JSON")
        }
    }
}
