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

    /// The most members of one cluster, and the most clusters: what peers can make us hold.
    static let memberLimit = 20_000
    static let clusterLimit = 1_000

    private(set) var clusters: [String: [String: Member]] = [:]

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
        return isNew
    }

    /// Removes a member; whether it was there.
    mutating func deregister(_ address: String, in cluster: String) -> Bool {
        clusters[cluster]?.removeValue(forKey: address) != nil
    }

    /// Removes the members that were not heard of in time, and returns the clusters they were in.
    mutating func expire(now: ContinuousClock.Instant) -> Set<String> {
        var changed: Set<String> = []
        for (cluster, members) in clusters {
            let kept = members.filter { $0.value.expiry > now }
            if kept.count != members.count {
                clusters[cluster] = kept
                changed.insert(cluster)
            }
        }
        return changed
    }

    // MARK: On disk

    /// `{"version":1,"clusters":{"lab":{"10.0.0.1:2376":{"ttl":180}}}}`, sorted.
    var json: JSON {
        let clusters = clusters.sorted { $0.key < $1.key }.map { cluster, members in
            let list = members.sorted { $0.key < $1.key }.map { address, member in
                (address, JSONObject([("ttl", JSON(member.ttl.components.seconds))]).json)
            }
            return (cluster, JSONObject(list).json)
        }
        return JSONObject([("version", 1), ("clusters", JSONObject(clusters).json)]).json
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
    }

    init() {}
}
