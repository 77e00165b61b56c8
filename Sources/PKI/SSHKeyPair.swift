// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// An ed25519 key pair in the forms that OpenSSH reads: for a user or a host.
///
/// Its description never shows the private key.
package struct SSHKeyPair: Sendable, CustomStringConvertible, CustomReflectable {
    /// The private key file: `openssh-key-v1`, unencrypted, ends in a newline; write it with mode 0600.
    package let privateKey: [UInt8]
    /// One line without a newline: `ssh-ed25519 AAAA… comment`, as in `authorized_keys` and `.pub`.
    package let publicKey: String

    /// Makes a new key pair.
    ///
    /// - Parameter comment: shown by tools; no newline.
    /// - Returns: the pair, not written anywhere.
    /// - Throws: ``PKIError/badName(field:value:)``, ``PKIError/library(call:detail:)``.
    package static func generate(comment: String) throws(PKIError) -> SSHKeyPair {
        throw .keyLocked
    }

    /// The fingerprint that `ssh-keygen -l` prints: `SHA256:…`.
    package var fingerprint: String { "" }

    package var description: String { "SSHKeyPair(\(publicKey))" }
    package var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}
