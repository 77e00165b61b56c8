// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI

/// The members that a manager keeps, with the time each is kept until: a value without clocks and files.
struct MembershipTable: Sendable, Equatable {
    struct Member: Sendable, Equatable {
        /// How long the member is kept after each registration.
        var ttl: Duration
        var expiry: ContinuousClock.Instant
    }

    /// The most members of one cluster, and the most clusters and tokens: what peers can make us hold.
    static let memberLimit = 20_000
    static let clusterLimit = 1_000
    /// How long a token is kept that has no members.
    static let idleTime: Duration = .seconds(86_400)

    private(set) var clusters: [String: [String: Member]] = [:]
    /// The tokens that were made here, and until when each is kept without members.
    private(set) var tokens: [String: ContinuousClock.Instant] = [:]

    func members(of cluster: String) -> [String] {
        (clusters[cluster] ?? [:]).keys.sorted()
    }

    func contains(_ address: String, in cluster: String) -> Bool {
        clusters[cluster]?[address] != nil
    }

    /// Adds or keeps a member.
    ///
    /// - Returns: whether it is new; `nil` when there is no room.
    mutating func register(
        _ address: String,
        in cluster: String,
        ttl: Duration,
        now: ContinuousClock.Instant
    ) -> Bool? {
        let isNew = clusters[cluster]?[address] == nil
        guard !isNew || clusters[cluster, default: [:]].count < Self.memberLimit,
            clusters[cluster] != nil || clusters.count < Self.clusterLimit
        else {
            return nil
        }
        clusters[cluster, default: [:]][address] = Member(ttl: ttl, expiry: now + ttl)
        if tokens[cluster] != nil {
            tokens[cluster] = now + Self.idleTime
        }
        return isNew
    }

    /// Removes a member; whether it was there.
    mutating func deregister(_ address: String, in cluster: String) -> Bool {
        let isRemoved = clusters[cluster]?.removeValue(forKey: address) != nil
        if clusters[cluster]?.isEmpty == true {
            clusters[cluster] = nil
        }
        return isRemoved
    }

    /// Keeps a new token; whether there was room.
    mutating func addToken(_ token: String, now: ContinuousClock.Instant) -> Bool {
        guard tokens.count < Self.clusterLimit else {
            return false
        }
        tokens[token] = now + Self.idleTime
        return true
    }

    /// Removes the members that were not heard of in time, and returns them.
    mutating func expire(now: ContinuousClock.Instant) -> [(cluster: String, address: String)] {
        let expired = clusters.flatMap { cluster, members in
            members.filter { $0.value.expiry <= now }.keys.map { (cluster: cluster, address: $0) }
        }
        for (cluster, address) in expired {
            _ = deregister(address, in: cluster)
        }
        return expired
    }

    /// Forgets the tokens that nobody has used in time; whether there were any.
    mutating func dropIdleTokens(now: ContinuousClock.Instant) -> Bool {
        let kept = tokens.filter { $0.value > now || clusters[$0.key] != nil }
        defer { tokens = kept }
        return kept.count != tokens.count
    }

    // MARK: On disk

    /// `{"version":1,"clusters":{"lab":{"10.0.0.1:2376":{"ttl":180}}},"tokens":["0af3…"]}`, sorted.
    var json: JSON {
        let clusters = clusters.sorted { $0.key < $1.key }.map { cluster, members in
            let list = members.sorted { $0.key < $1.key }.map { address, member in
                (address, JSONObject([("ttl", JSON(member.ttl.components.seconds))]).json)
            }
            return (cluster, JSONObject(list).json)
        }
        return JSONObject([
            ("version", 1), ("clusters", JSONObject(clusters).json), ("tokens", JSON(tokens.keys.sorted())),
        ])
        .json
    }

    /// Reads what ``json`` wrote; each member has its whole time again, since the manager was away.
    ///
    /// Returns `nil` for anything else.
    init?(_ json: JSON, now: ContinuousClock.Instant) {
        guard json["version"]?.int == 1, let stored = json["clusters"], stored.isObject else {
            return nil
        }
        for (cluster, members) in JSONObject(stored).members {
            for (address, member) in JSONObject(members).members {
                let seconds = min(max(member["ttl"]?.int ?? 180, 1), 1 << 30)
                _ = register(address, in: cluster, ttl: .seconds(seconds), now: now)
            }
        }
        for token in json["tokens"]?.strings ?? [] {
            _ = addToken(token, now: now)
        }
    }

    init() {}
}
