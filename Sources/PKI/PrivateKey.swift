// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A private key as PEM: a value, free to copy and send between tasks.
///
/// Its description never shows the key.
package struct PrivateKey: Sendable, CustomStringConvertible, CustomReflectable {
    /// The key in PKCS #8 PEM, unencrypted; write it with mode 0600 from the first byte.
    package let pem: [UInt8]

    /// Makes a new key.
    ///
    /// - Throws: ``PKIError/library(call:detail:)``.
    package static func generate(_ type: KeyType = .p256) throws(PKIError) -> PrivateKey {
        throw .library(call: "generate", detail: "\(type)")
    }

    /// Reads a PEM private key: PKCS #8, PKCS #1 or SEC 1.
    ///
    /// - Parameters:
    ///   - pem: the text of the file.
    ///   - passphrase: for an encrypted key.
    /// - Throws: ``PKIError/malformedKey(detail:)``, ``PKIError/keyLocked``.
    package init(pem: [UInt8], passphrase: [UInt8]? = nil) throws(PKIError) {
        throw .malformedKey(detail: "")
    }

    /// The key in PKCS #8 PEM, encrypted with AES-256 under `passphrase`.
    ///
    /// - Throws: ``PKIError/library(call:detail:)``.
    package func encryptedPEM(passphrase: [UInt8]) throws(PKIError) -> [UInt8] {
        throw .keyLocked
    }

    package var description: String { "PrivateKey(redacted)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
