// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import SwarmCore
internal import Synchronization

/// `zk://`: each member is an ephemeral node, as the agents of classic swarm do it.
package final class ZooKeeperStore: DiscoveryStore {
    package let url: String
    let layout: KeyValueLayout
    private let servers: [EngineAddress]
    private let tls: TLSContexts?
    private let user: (name: String, password: String)?
    private let preferred = Mutex(0)
    /// The session of each address that this process keeps registered.
    private let sessions = Mutex<[String: ZooKeeperSession]>([:])
    /// The session of each candidacy, by its fence.
    let candidacies = Mutex<[UInt64: ZooKeeperSession]>([:])

    /// The time of sessions that keep no node.
    static let shortSession: Duration = .seconds(20)
    /// The longest wait for a change before the list is asked for again.
    static let longestWait: Duration = .seconds(60)

    /// Makes a store that connects when it is first used.
    ///
    /// - Throws: ``DiscoveryError/malformedOption(_:detail:)``, or `DockerAPIError` for the files for TLS.
    package init(url: KeyValueURL, options: DiscoveryOptions) throws {
        self.url = url.description
        layout = try KeyValueLayout(url, options: options)
        servers = url.servers
        tls = try options.tls.map { try TLSContexts(files: $0) }
        user = try options.user()
    }

    // MARK: Registration

    package func register(_ address: String, ttl: Duration) async throws {
        try await understood {
            let path = "/" + layout.member(address)
            let session = try await registrationSession(address, ttl: ttl)
            sessions.withLock { $0[address] = session }
            let owner = try await session.stat(path)?.owner
            guard await owner != session.identity.id else {
                return
            }
            do {
                if owner == nil {
                    try await create(path, address, session)
                } else {
                    // An earlier life of the agent holds it still.
                    try await session.replace(path, address)
                }
            } catch ZooKeeperError.nodeExists, ZooKeeperError.noNode {
                // It came or went in between.
                throw DiscoveryError.storeFailed(url: url, reason: "another registers \"\(address)\" too")
            }
        }
    }

    package func deregister(_ address: String) async throws {
        try await understood {
            if let known = sessions.withLock({ $0.removeValue(forKey: address) }) {
                // Its connection may have been closed by the cancellation that ended the agent.
                do {
                    return try await delete(address, known)
                } catch {
                    try Task.checkCancellation()
                }
            }
            try await delete(address, try await connect(timeout: Self.shortSession))
        }
    }

    private func delete(_ address: String, _ session: ZooKeeperSession) async throws {
        do {
            try await session.delete("/" + layout.member(address))
        } catch ZooKeeperError.noNode {
            // It is gone already.
        }
        try await session.end()
    }

    package func waitWhileRegistered(_ address: String, atMost duration: Duration) async throws {
        guard let session = sessions.withLock({ $0[address] }) else {
            return
        }
        try await understood {
            let end = ContinuousClock.now + duration
            while end > ContinuousClock.now {
                let stat = try await session.stat("/" + layout.member(address), watches: true)
                guard let stat, await stat.owner == session.identity.id else {
                    return
                }
                try await session.waitForEvent(atMost: end - ContinuousClock.now)
            }
        }
    }

    /// The session that keeps an address: the one known when it still answers, taken up on a new
    /// connection when that broke, or a new one.
    private func registrationSession(_ address: String, ttl: Duration) async throws -> ZooKeeperSession {
        guard let known = sessions.withLock({ $0[address] }) else {
            return try await connect(timeout: ttl)
        }
        do {
            _ = try await known.stat("/" + layout.member(address))
            return known
        } catch {
            try Task.checkCancellation()
        }
        do {
            return try await connect(timeout: ttl, known: known.identity)
        } catch ZooKeeperError.sessionExpired {
            return try await connect(timeout: ttl)
        }
    }

    // MARK: Members

    package func entries() async throws -> [String] {
        try await understood {
            let session = try await connect(timeout: Self.shortSession)
            let members = try await members(session, watches: false)
            try await session.end()
            return members
        }
    }

    package func watch(_ handle: @Sendable ([String]) async -> Void) async throws {
        try await understood {
            let session = try await connect(timeout: Self.shortSession)
            var last: [String]?
            while true {
                let addresses = try await members(session, watches: true)
                if addresses != last {
                    await handle(addresses)
                    last = addresses
                }
                try await session.waitForEvent(atMost: Self.longestWait)
            }
        }
    }

    private func members(_ session: ZooKeeperSession, watches: Bool) async throws -> [String] {
        let folder = "/" + layout.members
        do {
            return try await session.children(folder, watches: watches).sorted()
        } catch ZooKeeperError.noNode {
            guard watches else {
                return []
            }
            // A folder that is not there cannot be watched for its nodes.
            do { try await create(folder, "", session, isEphemeral: false) } catch ZooKeeperError.nodeExists {}
            return try await session.children(folder, watches: true).sorted()
        }
    }

    // MARK: Sessions

    /// Creates a node and the folders that it needs.
    func create(
        _ path: String,
        _ value: String,
        _ session: ZooKeeperSession,
        isEphemeral: Bool = true
    ) async throws {
        do {
            return try await session.create(path, value, isEphemeral: isEphemeral)
        } catch ZooKeeperError.noNode {
            // Made below.
        }
        var folder = ""
        for name in path.split(separator: "/").dropLast() {
            folder += "/" + name
            do { try await session.create(folder, "", isEphemeral: false) } catch ZooKeeperError.nodeExists {}
        }
        try await session.create(path, value, isEphemeral: isEphemeral)
    }

    /// Begins a session with the first server that answers.
    func connect(timeout: Duration, known: ZooKeeperSession.Identity = .init()) async throws -> ZooKeeperSession {
        var reason = "no server is named"
        for _ in servers {
            let number = preferred.withLock { $0 }
            do {
                let limit = Deadline.after(ZooKeeperSession.callTimeout)
                let pipe = try await BytePipe.connect(to: servers[number], tls: tls, deadline: limit)
                let session = ZooKeeperSession(pipe: pipe, user: user)
                try await session.begin(known, timeout: timeout, user: user)
                return session
            } catch let error as ZooKeeperError where error != .malformedAnswer {
                throw error
            } catch {
                try Task.checkCancellation()
                reason = ErrorReport(error).message
                preferred.withLock { $0 = (number + 1) % servers.count }
            }
        }
        throw DiscoveryError.unreachable(url: url, reason: reason)
    }

    /// Turns what a session throws into the errors of discovery.
    func understood<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as DiscoveryError {
            throw error
        } catch let error as ZooKeeperError {
            throw error == .denied
                ? DiscoveryError.denied(url: url, reason: "no access with these credentials")
                : DiscoveryError.storeFailed(url: url, reason: "\(error)")
        } catch {
            try Task.checkCancellation()
            throw DiscoveryError.unreachable(url: url, reason: ErrorReport(error).message)
        }
    }
}
