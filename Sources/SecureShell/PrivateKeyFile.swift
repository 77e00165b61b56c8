// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import SwarmCore

/// A private key read from a file, in a form that libssh2 takes.
struct PrivateKeyFile: Sendable {
    let path: String
    /// The file's content; never shown.
    let bytes: [UInt8]
    /// How the key is named in messages.
    let offer: AuthenticationReport.Offer

    /// In bytes; an RSA key of 16384 bits takes a fifth of it.
    private static let limit = 64 << 10

    /// - Throws: ``SSHError/keyFile(path:_:)``.
    init(path: String) throws(SSHError) {
        self.path = path
        guard AtomicFile.exists(path) else {
            throw .keyFile(path: path, .missing)
        }
        do {
            bytes = try AtomicFile.read(path, limit: Self.limit)
        } catch {
            throw .keyFile(path: path, .unreadable(detail: SystemSocket.text(error.code)))
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        if let mode = attributes?[.posixPermissions] as? Int, mode & 0o077 != 0 {
            throw .keyFile(path: path, .tooOpen(mode: UInt32(mode)))
        }
        let text = String(decoding: bytes, as: UTF8.self)
        if text.contains("-----BEGIN OPENSSH PRIVATE KEY-----") {
            let blob = try Self.publicKey(inOpenSSH: text, path: path)
            offer = PublicKeyText.offer(blob, source: path)
            return
        }
        guard text.contains("PRIVATE KEY-----") else {
            throw .keyFile(path: path, .malformed(detail: "it holds no private key"))
        }
        guard !text.contains("ENCRYPTED") else {
            throw .keyFile(path: path, .encrypted)
        }
        if let blob = Self.publicKey(beside: path) {
            offer = PublicKeyText.offer(blob, source: path)
        } else {
            let type = text.contains("BEGIN RSA") ? "ssh-rsa" : text.contains("BEGIN EC") ? "ecdsa" : "key"
            offer = AuthenticationReport.Offer(source: path, type: type, fingerprint: "of unknown fingerprint")
        }
    }

    /// The public key in the `.pub` file beside a private key; nil when there is none.
    static func publicKey(beside path: String) -> [UInt8]? {
        guard let text = try? AtomicFile.readText("\(path).pub", limit: limit) else {
            return nil
        }
        let fields = text.split { $0 == " " || $0 == "\n" }
        return fields.count > 1 ? Data(base64Encoded: String(fields[1])).map { Array($0) } : nil
    }

    /// The public half of an `openssh-key-v1` file, which is never encrypted.
    private static func publicKey(inOpenSSH text: String, path: String) throws(SSHError) -> [UInt8] {
        let body = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("-----") }.joined()
        let magic = Array("openssh-key-v1\0".utf8)
        guard let data = Data(base64Encoded: body), data.starts(with: magic) else {
            throw .keyFile(path: path, .malformed(detail: "it is damaged"))
        }
        var reader = WireReader(Array(data.dropFirst(magic.count)))
        guard let cipher = reader.string(), reader.string() != nil, reader.string() != nil, reader.number() == 1,
            let blob = reader.string()
        else {
            throw .keyFile(path: path, .malformed(detail: "it is damaged"))
        }
        guard cipher == Array("none".utf8) else {
            throw .keyFile(path: path, .encrypted)
        }
        return blob
    }
}

/// The text forms of a public key.
enum PublicKeyText {
    /// The type that a key's bytes begin with, as in `ssh-ed25519`; empty when they are damaged.
    static func type(of blob: [UInt8]) -> String {
        var reader = WireReader(blob)
        return reader.string().map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// As `ssh-keygen -l` prints it: `SHA256:…`.
    static func fingerprint(_ blob: [UInt8]) -> String {
        let digest = Data(SHA256.hash(blob)).base64EncodedString()
        return "SHA256:" + digest.prefix { $0 != "=" }
    }

    /// As in a `.pub` file, without a comment.
    static func line(_ blob: [UInt8]) -> String {
        "\(type(of: blob)) \(Data(blob).base64EncodedString())"
    }

    static func offer(_ blob: [UInt8], source: String) -> AuthenticationReport.Offer {
        AuthenticationReport.Offer(source: source, type: type(of: blob), fingerprint: fingerprint(blob))
    }
}
