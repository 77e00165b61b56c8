// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import SwarmCore
internal import Synchronization

/// `consul://`: each member is a key locked by a session, as the agents of classic swarm do it.
package final class ConsulStore: DiscoveryStore {
    package let url: String
    let client: ConsulClient
    let layout: KeyValueLayout
    /// The session of each address that this process keeps registered.
    private let sessions = Mutex<[String: Session]>([:])
    /// The session of each candidacy, by its fence.
    let candidacies = Mutex<[UInt64: ConsulCandidacy]>([:])

    private struct Session {
        let id: String
        let time: Duration
    }

    /// What Consul allows for the time of a session.
    static let sessionTimes: ClosedRange<Duration> = .seconds(10)...(.seconds(86_400))
    static let longestWait: Duration = .seconds(60)

    /// Makes a store that connects when it is first used.
    ///
    /// - Throws: ``DiscoveryError/malformedOption(_:detail:)``, or `DockerAPIError` for the files for TLS.
    package init(url: KeyValueURL, options: DiscoveryOptions) throws {
        self.url = url.description
        layout = try KeyValueLayout(url, options: options)
        let tls = try options.tls.map { try TLSContexts(files: $0) }
        let endpoints = StoreEndpoints(url: url.description, servers: url.servers, tls: tls)
        client = ConsulClient(endpoints: endpoints, token: options.values["kv.token"])
    }

    // MARK: Registration

    package func register(_ address: String, ttl: Duration) async throws {
        let key = layout.member(address)
        if let session = sessions.withLock({ $0[address] }), try await client.renewSession(session.id) {
            // A key that is not written wakes nobody.
            if try await client.get(key).pair?.session == session.id {
                return
            }
            guard try await client.seize(key, address, session: session.id) else {
                throw DiscoveryError.storeFailed(url: url, reason: "the key is locked by another")
            }
            return
        }
        // A session lives for up to twice its time.
        let time = Self.sessionTime(ttl / 2)
        let session = try await client.createSession(time: time, behavior: "delete", lockDelay: "1ms")
        sessions.withLock { $0[address] = Session(id: session, time: time) }
        // An earlier life of the agent may hold the key still.
        if try await !client.acquire(key, address, session: session) {
            guard try await client.seize(key, address, session: session) else {
                throw DiscoveryError.storeFailed(url: url, reason: "the key is locked by another")
            }
        }
    }

    package func deregister(_ address: String) async throws {
        let session = sessions.withLock { $0.removeValue(forKey: address) }
        try await client.delete(layout.member(address))
        if let session {
            try await client.destroySession(session.id)
        }
    }

    package func waitWhileRegistered(_ address: String, atMost duration: Duration) async throws {
        guard let session = sessions.withLock({ $0[address] }) else {
            return
        }
        let end = ContinuousClock.now + duration
        var index = 0
        while end > ContinuousClock.now {
            let wait = min(end - ContinuousClock.now, session.time / 2)
            let (pair, next) = try await client.get(layout.member(address), after: index, wait: wait)
            guard pair?.session == session.id else {
                return
            }
            index = Self.index(after: index, next: next)
            guard try await client.renewSession(session.id) else {
                return
            }
        }
    }

    static func sessionTime(_ wanted: Duration) -> Duration {
        let seconds = Duration.seconds(wanted.components.seconds)
        return min(max(seconds, sessionTimes.lowerBound), sessionTimes.upperBound)
    }

    /// The index to wait from: 0, which does not wait, after Consul's own went backwards.
    static func index(after last: Int, next: Int) -> Int {
        next < last ? 0 : max(1, next)
    }

    // MARK: Members

    package func entries() async throws -> [String] {
        addresses(in: try await client.list(layout.members + "/").pairs)
    }

    package func watch(_ handle: @Sendable ([String]) async -> Void) async throws {
        var last: [String]?
        var index = 0
        while true {
            let (pairs, next) = try await client.list(layout.members + "/", after: index, wait: Self.longestWait)
            let addresses = addresses(in: pairs)
            if addresses != last {
                await handle(addresses)
                last = addresses
            }
            index = Self.index(after: index, next: next)
        }
    }

    private func addresses(in pairs: [ConsulPair]) -> [String] {
        pairs.compactMap { layout.address(ofKey: $0.key) }.sorted()
    }
}
