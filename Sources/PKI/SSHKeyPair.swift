// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation

/// An ed25519 key pair in the forms that OpenSSH reads: for a user or a host.
///
/// Its description never shows the private key.
package struct SSHKeyPair: Sendable, CustomStringConvertible, CustomReflectable {
    /// The private key file: `openssh-key-v1`, unencrypted, ends in a newline; write it with mode 0600.
    package let privateKey: [UInt8]
    /// One line without a newline: `ssh-ed25519 AAAA… comment`, as in `authorized_keys` and `.pub`.
    package let publicKey: String
    /// The fingerprint that `ssh-keygen -l` prints: `SHA256:…`.
    package let fingerprint: String

    private static let type = "ssh-ed25519"

    /// Makes a new key pair.
    ///
    /// - Parameter comment: shown by tools; at most 64 characters, no newline.
    /// - Returns: the pair, not written anywhere.
    /// - Throws: ``PKIError/badName(field:value:)``, ``PKIError/library(call:detail:)``.
    package static func generate(comment: String) throws(PKIError) -> SSHKeyPair {
        try CertificateText.check(comment, field: "comment")
        let halves = try KeyHandle.ed25519().rawHalves()
        var blob = SSHEncoder()
        blob.append(type)
        blob.append(halves.public)
        let file = encode(halves.private + halves.public, public: halves.public, blob: blob.bytes, comment: comment)
        let digest = Data(try sha256(blob.bytes)).base64EncodedString()
        return SSHKeyPair(
            privateKey: armored(file),
            publicKey: "\(type) \(Data(blob.bytes).base64EncodedString()) \(comment)",
            fingerprint: "SHA256:" + digest.prefix { $0 != "=" }
        )
    }

    package var description: String { "SSHKeyPair(\(publicKey))" }
    package var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }

    /// The format of OpenSSH's PROTOCOL.key, without encryption.
    private static func encode(_ secret: [UInt8], public open: [UInt8], blob: [UInt8], comment: String) -> [UInt8] {
        // Twice the same number: with encryption it would tell a wrong passphrase.
        let check = UInt32.random(in: 0...UInt32.max)
        var body = SSHEncoder()
        body.append(check)
        body.append(check)
        body.append(type)
        body.append(open)
        body.append(secret)
        body.append(comment)
        var padding: UInt8 = 1
        while body.bytes.count % 8 != 0 {
            body.bytes.append(padding)
            padding += 1
        }
        var file = SSHEncoder(bytes: Array("openssh-key-v1\0".utf8))
        file.append("none")
        file.append("none")
        file.append("")
        file.append(UInt32(1))
        file.append(blob)
        file.append(body.bytes)
        return file.bytes
    }

    private static func armored(_ bytes: [UInt8]) -> [UInt8] {
        let text = Array(Data(bytes).base64EncodedString().utf8)
        var lines = Array("-----BEGIN OPENSSH PRIVATE KEY-----\n".utf8)
        for start in stride(from: 0, to: text.count, by: 70) {
            lines += text[start..<min(start + 70, text.count)]
            lines.append(UInt8(ascii: "\n"))
        }
        return lines + Array("-----END OPENSSH PRIVATE KEY-----\n".utf8)
    }
}

/// Writes numbers and strings as RFC 4251, section 5, has them.
private struct SSHEncoder {
    var bytes: [UInt8] = []

    mutating func append(_ number: UInt32) {
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }

    mutating func append(_ string: [UInt8]) {
        append(UInt32(truncatingIfNeeded: string.count))
        bytes += string
    }

    mutating func append(_ text: String) {
        append(Array(text.utf8))
    }
}
