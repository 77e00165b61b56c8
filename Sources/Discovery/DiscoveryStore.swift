// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A place that keeps the members of a cluster.
package protocol DiscoveryStore: Sendable {
    /// For messages.
    var url: String { get }

    /// Whether an empty list is the truth rather than a fault, because this store cannot lose members.
    var isTrustedWhenEmpty: Bool { get }

    /// Adds a member, or keeps it for another `ttl`.
    ///
    /// - Throws: ``DiscoveryError``.
    func register(_ address: String, ttl: Duration) async throws

    /// Removes a member; no error when it is not there.
    ///
    /// - Throws: ``DiscoveryError``.
    func deregister(_ address: String) async throws

    /// Waits while `address` is a member, at most `duration`; returns early, or throws, when the store
    /// has lost it or cannot tell any more.
    func waitWhileRegistered(_ address: String, atMost duration: Duration) async throws

    /// The members, sorted.
    ///
    /// - Throws: ``DiscoveryError``.
    func entries() async throws -> [String]

    /// Gives the members to `handle`, now and after each change, until the store fails or the task is
    /// cancelled.
    ///
    /// - Throws: ``DiscoveryError``.
    func watch(_ handle: @Sendable ([String]) async -> Void) async throws
}

extension DiscoveryStore {
    package var isTrustedWhenEmpty: Bool { false }

    package func register(_ address: String, ttl: Duration) async throws {
        throw DiscoveryError.cannotRegister(url: url)
    }

    package func deregister(_ address: String) async throws {}

    package func waitWhileRegistered(_ address: String, atMost duration: Duration) async throws {
        try await ContinuousClock().sleep(for: duration)
    }
}
