// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Scheduling

/// Where a node is in its life.
package enum NodeStatus: String, Sendable, Hashable {
    /// Registered, and never connected so far.
    case pending = "Pending"
    case healthy = "Healthy"
    /// It answers, but not as it must: TLS, API version, garbage.
    case unhealthy = "Unhealthy"
    /// It was there and cannot be reached.
    case disconnected = "Disconnected"
}

/// One node of the cluster at one instant.
package struct NodeState: Sendable {
    /// The address it registered with, `HOST:PORT`; the key of the node.
    package internal(set) var address: String
    /// The engine's `Name`; the address until it is known.
    ///
    /// Unique: a second node with a name that is taken has its address appended.
    package internal(set) var name: String
    package internal(set) var status: NodeStatus
    /// Why it is not healthy, in words; `nil` when it is.
    package internal(set) var reason: String?
    /// Since when `status` and `reason` hold, seconds since 1970.
    package internal(set) var since: Double
    /// When anything was last heard of it, seconds since 1970; 0 for never.
    package internal(set) var updatedAt: Double
    /// Containers known, by full id.
    package internal(set) var containers: [String: ContainerState]
    package internal(set) var images: [ImageState]
    package internal(set) var networks: [NetworkState]
    package internal(set) var volumes: [VolumeState]
    /// Facts the engine gave when it last connected; empty before.
    package internal(set) var facts: EngineFacts
    /// What placement looks at: sums over the containers, and reservations.
    package internal(set) var placement: NodeSnapshot

    package var engineID: String { facts.id }
    package var isCordoned: Bool { placement.isCordoned }
    /// The host part of `address`.
    package var host: String {
        guard let colon = address.lastIndex(of: ":") else {
            return address
        }
        return address[..<colon].trimmingBrackets
    }
}

extension Substring {
    /// Without the brackets of an IPv6 address.
    var trimmingBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : String(self)
    }
}

/// What an engine says about itself.
package struct EngineFacts: Sendable, Equatable {
    package var id = ""
    package var name = ""
    /// Of the engine, as in `20.10.24`.
    package var serverVersion = ""
    /// The highest API version it speaks, as in `1.41`.
    package var apiVersion = ""
    /// The lowest API version it speaks.
    package var minAPIVersion = ""
    package var operatingSystem = ""
    package var osType = ""
    package var architecture = ""
    package var kernelVersion = ""
    package var storageDriver = ""
    package var labels: [String: String] = [:]
    package var cpus: Int64 = 0
    /// In bytes.
    package var memory: Int64 = 0
    package var isExperimental = false
    /// The body of its `/info` and `/version` as it was, for what is not above.
    package var infoJSON: [UInt8] = []
    package var versionJSON: [UInt8] = []

    package init() {}
}

/// An image on a node.
package struct ImageState: Sendable, Equatable {
    package var id: String
    package var repoTags: [String]
    package var repoDigests: [String]
    /// Its element of `/images/json`, as the engine wrote it.
    package var json: [UInt8]
}

/// A network on a node.
package struct NetworkState: Sendable, Equatable {
    package var id: String
    package var name: String
    package var driver: String
    /// `local`, `global` or `swarm`.
    package var scope: String
    /// Its element of `/networks`, as the engine wrote it.
    package var json: [UInt8]
}

/// A volume on a node.
package struct VolumeState: Sendable, Equatable {
    package var name: String
    package var driver: String
    package var scope: String
    /// Its element of `/volumes`, as the engine wrote it.
    package var json: [UInt8]
}
