// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The kinds of private key that certificates are made with.
package enum KeyType: String, Sendable, CaseIterable {
    /// Elliptic curve P-256; the default everywhere.
    case p256
    case p384
    case rsa2048
    case rsa4096
}
