// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A store that keeps small texts for all managers of a cluster, beside its members.
///
/// Each text has a folder and a name of the characters that a member's address may have. They stay until
/// they are removed, whatever becomes of who wrote them.
package protocol DocumentStore: Sendable {
    /// The texts in a folder, by name.
    ///
    /// - Throws: ``DiscoveryError``.
    func documents(in folder: String) async throws -> [String: String]

    /// Replaces a text, or removes it with `nil`; all managers read it so when this returns.
    ///
    /// - Throws: ``DiscoveryError``; then it may be either way.
    func setDocument(_ name: String, in folder: String, to text: String?) async throws
}
