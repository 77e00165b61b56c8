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
        PrivateKey(checkedPEM: try KeyHandle(generating: type).pem())
    }

    /// Reads a PEM private key: PKCS #8, PKCS #1 or SEC 1.
    ///
    /// - Parameters:
    ///   - pem: the text of the file.
    ///   - passphrase: for an encrypted key.
    /// - Throws: ``PKIError/malformedKey(detail:)``, ``PKIError/keyLocked``.
    package init(pem: [UInt8], passphrase: [UInt8]? = nil) throws(PKIError) {
        self.pem = try KeyHandle(pem: pem, passphrase: passphrase).pem()
    }

    private init(checkedPEM pem: [UInt8]) {
        self.pem = pem
    }

    /// The key in PKCS #8 PEM, encrypted with AES-256 under `passphrase`.
    ///
    /// - Throws: ``PKIError/library(call:detail:)``.
    package func encryptedPEM(passphrase: [UInt8]) throws(PKIError) -> [UInt8] {
        try handle().pem(passphrase: passphrase)
    }

    /// Parses the key anew: a handle is not `Sendable`, and parsing takes microseconds.
    func handle() throws(PKIError) -> KeyHandle {
        try KeyHandle(pem: pem, passphrase: nil)
    }

    package var description: String { "PrivateKey(redacted)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
