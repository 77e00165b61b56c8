// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import SwarmCore
internal import Synchronization

/// `etcd://`: each member is a key with a lease.
package final class EtcdStore: DiscoveryStore {
    package let url: String
    let client: EtcdClient
    let layout: KeyValueLayout
    /// The lease of each address that this process keeps registered.
    private let leases = Mutex<[String: Int64]>([:])
    /// The lease of each candidacy, by its fence.
    let candidacies = Mutex<[UInt64: EtcdCandidacy]>([:])

    /// The longest silence of a watch before the list is asked for again.
    static let longestSilence: Duration = .seconds(60)

    /// Makes a store that connects when it is first used.
    ///
    /// - Throws: ``DiscoveryError/malformedOption(_:detail:)``, or ``DockerAPIError`` for the files for TLS.
    package init(url: KeyValueURL, options: DiscoveryOptions) throws {
        self.url = url.description
        layout = try KeyValueLayout(url, options: options)
        let tls = try options.tls.map { try TLSContexts(files: $0) }
        client = EtcdClient(
            endpoints: StoreEndpoints(url: url.description, servers: url.servers, tls: tls),
            user: try options.user()
        )
    }

    // MARK: Registration

    package func register(_ address: String, ttl: Duration) async throws {
        if let lease = leases.withLock({ $0[address] }), try await keepAlive(lease) > 0,
            try await put(address, lease: lease)
        {
            return
        }
        let lease = try await grant(ttl)
        leases.withLock { $0[address] = lease }
        guard try await put(address, lease: lease) else {
            throw DiscoveryError.storeFailed(url: url, reason: "a new lease is gone at once")
        }
    }

    package func deregister(_ address: String) async throws {
        let lease = leases.withLock { $0.removeValue(forKey: address) }
        _ = try await client.call("/v3/kv/deleterange", ["key": .etcd(layout.member(address))])
        if let lease {
            try await revoke(lease)
        }
    }

    package func waitWhileRegistered(_ address: String, atMost duration: Duration) async throws {
        let end = ContinuousClock.now + duration
        guard let lease = leases.withLock({ $0[address] }) else {
            return
        }
        let key = layout.member(address)
        while end > ContinuousClock.now {
            let answer = try await client.call("/v3/kv/range", ["key": .etcd(key)])
            guard let pair = answer["kvs"]?.elements.first, pair.etcdNumber("lease") == lease else {
                return
            }
            let watch = EtcdWatch(client: client, key: key, rangeEnd: nil, revision: answer.revision + 1)
            let silence = min(end - ContinuousClock.now, Self.longestSilence)
            // Any change of the key is looked at above.
            try await watch.run(silence: silence) { _ in false }
        }
    }

    /// Makes the key belong to the lease, unless it does already: a key that is not written wakes nobody.
    ///
    /// - Returns: false when the lease is gone.
    private func put(_ address: String, lease: Int64) async throws -> Bool {
        let key = JSON.etcd(layout.member(address))
        let isOurs: JSON = ["target": "LEASE", "result": "EQUAL", "key": key, "lease": .etcd(lease)]
        let put: JSON = ["request_put": ["key": key, "value": .etcd(address), "lease": .etcd(lease)]]
        do {
            _ = try await client.call("/v3/kv/txn", ["compare": [isOurs], "success": [], "failure": [put]])
            return true
        } catch EtcdRefusal.notFound {
            return false
        }
    }

    // MARK: Leases

    func grant(_ ttl: Duration) async throws -> Int64 {
        let seconds = max(1, ttl.components.seconds)
        let answer = try await client.call("/v3/lease/grant", ["TTL": .etcd(seconds)])
        return answer.etcdNumber("ID")
    }

    /// Extends a lease.
    ///
    /// - Returns: the seconds that it has now; 0 when it is gone.
    func keepAlive(_ lease: Int64) async throws -> Int64 {
        do {
            return try await client.call("/v3/lease/keepalive", ["ID": .etcd(lease)]).etcdNumber("TTL")
        } catch EtcdRefusal.notFound {
            return 0
        }
    }

    func revoke(_ lease: Int64) async throws {
        do {
            _ = try await client.call("/v3/lease/revoke", ["ID": .etcd(lease)])
        } catch EtcdRefusal.notFound {
            // It has run out.
        }
    }

    // MARK: Members

    package func entries() async throws -> [String] {
        try await members().members.sorted()
    }

    package func watch(_ handle: @Sendable ([String]) async -> Void) async throws {
        var last: [String]?
        while true {
            let (members, revision) = try await members()
            let addresses = members.sorted()
            if addresses != last {
                await handle(addresses)
                last = addresses
            }
            last = try await follow(members, from: revision + 1, last: addresses, handle)
            try Task.checkCancellation()
        }
    }

    /// Applies changes until the stream ends, is silent, or the revision was compacted: then the whole
    /// list is the truth again.
    private func follow(
        _ members: Set<String>,
        from revision: Int64,
        last: [String],
        _ handle: @Sendable ([String]) async -> Void
    ) async throws -> [String] {
        var members = members
        var last = last
        let watch = EtcdWatch(
            client: client,
            key: layout.members + "/",
            rangeEnd: layout.members + "0",
            revision: revision
        )
        try await watch.run(silence: Self.longestSilence) { events in
            for event in events {
                guard let address = event.key.flatMap({ layout.address(ofKey: $0) }) else {
                    continue
                }
                if event.isDeletion {
                    members.remove(address)
                } else {
                    members.insert(address)
                }
            }
            let addresses = members.sorted()
            if addresses != last {
                await handle(addresses)
                last = addresses
            }
            return true
        }
        return last
    }

    /// The members and the revision of the store that this is the list of.
    private func members() async throws -> (members: Set<String>, revision: Int64) {
        // "0" comes right after "/": the range of all keys that begin with the folder.
        let body: JSON = [
            "key": .etcd(layout.members + "/"), "range_end": .etcd(layout.members + "0"), "keys_only": true,
        ]
        let answer = try await client.call("/v3/kv/range", body)
        let keys = (answer["kvs"]?.elements ?? []).compactMap { $0.etcdText("key") }
        return (Set(keys.compactMap { layout.address(ofKey: $0) }), answer.revision)
    }
}

extension JSON {
    /// The revision in an answer's header.
    var revision: Int64 { self["header"]?.etcdNumber("revision") ?? 0 }
}
