// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI

/// A container that is to run elsewhere, from the decision until the old copy is out of the way.
///
/// It is written down before anything is done, so that a manager that is killed, and its successor, go on
/// where it was: what the engines have, found by labels, says how far that is.
struct Move: Sendable {
    enum Reason: String, Sendable {
        case nodeFailure = "on-node-failure"
        case unhealthy = "on-unhealthy"
        case drain = "drain"
    }

    enum Phase: String, Sendable {
        /// The new container is not there, or not started.
        case open
        /// The new container has taken over; the old one may still be there.
        case done
        /// The old one is stopped and renamed, for good.
        case retired
    }

    /// The old container.
    let id: String
    let name: String
    /// Where it is.
    let address: String
    let nodeName: String
    let reason: Reason
    /// Nanoseconds since 1970; later for each attempt whose outcome is not known.
    var time: Int64
    /// Whether the new one is to be started.
    let wasRunning: Bool
    /// The ids that the old one replaced, oldest first.
    let lineage: [String]
    /// The old one's description, as inspected; empty when it is not needed any more.
    var inspection: JSON
    /// CPUs of the old node, which its CPU shares are parts of.
    let nodeCPUs: Int
    /// The networks of the old node that it was in, as listed, by name.
    var networks: [String: JSON]
    var phase = Phase.open
    /// The address of the node that was asked to create the new one, or is about to be.
    var target: String?
    /// The id of the new container.
    var newID: String?

    /// What the old container is renamed to.
    var retiredName: String { Self.retiredName(name, id: id) }

    static func retiredName(_ name: String, id: String) -> String { "\(name).moved-\(id.prefix(12))" }

    /// Whether an engine gave an id that can be part of the name of a file.
    static func isUsable(id: String) -> Bool {
        (12...128).contains(id.utf8.count) && id.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}

extension Move {
    /// Reads what ``json`` wrote; `nil` for anything else.
    init?(_ json: JSON) {
        guard let id = json["id"]?.string, Self.isUsable(id: id), let name = json["name"]?.string,
            let address = json["address"]?.string,
            let reason = json["reason"]?.string.flatMap({ Reason(rawValue: $0) }),
            let phase = json["phase"]?.string.flatMap({ Phase(rawValue: $0) })
        else {
            return nil
        }
        self.id = id
        self.name = name
        self.address = address
        self.reason = reason
        self.phase = phase
        nodeName = json["nodeName"]?.string ?? address
        time = Int64(json["time"]?.int ?? 0)
        wasRunning = json["wasRunning"]?.bool ?? false
        lineage = json["lineage"]?.strings ?? []
        inspection = json["inspection"]?.detached ?? .emptyObject
        nodeCPUs = json["nodeCPUs"]?.int ?? 0
        networks = [:]
        for member in JSONObject(json["networks"] ?? .emptyObject).members {
            networks[member.key] = member.value.detached
        }
        target = json["target"]?.string
        newID = json["newID"]?.string
    }

    var json: JSON {
        var object = JSONObject([
            ("id", JSON(id)), ("name", JSON(name)), ("address", JSON(address)), ("nodeName", JSON(nodeName)),
            ("reason", JSON(reason.rawValue)), ("phase", JSON(phase.rawValue)), ("time", JSON(time)),
            ("wasRunning", JSON(wasRunning)), ("lineage", JSON(lineage)), ("inspection", inspection),
            ("nodeCPUs", JSON(nodeCPUs)),
            ("networks", JSONObject(networks.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }).json),
        ])
        object["target"] = target.map { JSON($0) }
        object["newID"] = newID.map { JSON($0) }
        return object.json
    }
}
