// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
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

/// One node of the cluster at one instant; never changes.
///
/// A class, so that a snapshot of a thousand nodes is an array of a thousand references.
package final class NodeState: Sendable {
    private let fields: NodeFields

    init(_ fields: NodeFields) {
        self.fields = fields
    }

    /// The address it registered with, `HOST:PORT`; the key of the node.
    package var address: String { fields.address }
    /// The engine's `Name`; the address until it is known.
    ///
    /// Unique: a second node with a name that is taken has its address appended.
    package var name: String { fields.name }
    package var status: NodeStatus { fields.status }
    /// Why it is not healthy, in words; `nil` when it is.
    package var reason: String? { fields.reason }
    /// Something to fix on a node that works, such as an engine id that two nodes have.
    package var warning: String? {
        guard fields.warning != nil || abs(fields.clockOffset) >= Self.clockTolerance || fields.peer != nil else {
            return nil
        }
        let warnings = [fields.warning, clockWarning, certificateWarning].compactMap(\.self)
        return warnings.isEmpty ? nil : warnings.joined(separator: "; ")
    }
    /// Seconds that the engine's clock was ahead of this manager's when it was last asked; 0 before.
    package var clockOffset: Double { fields.clockOffset }

    /// ``clockOffset`` where it is an error of the clock; a smaller one is how long the engine took to answer.
    package var clockCorrection: Double { abs(clockOffset) >= Self.clockTolerance ? clockOffset : 0 }

    private static let clockTolerance = 15.0
    /// Since when `status` and `reason` hold, seconds since 1970.
    package var since: Double { fields.since }
    /// When anything was last heard of it, seconds since 1970; 0 for never.
    package var updatedAt: Double { fields.updatedAt }
    /// What the operator lets be placed on it.
    package var availability: NodeAvailability { fields.availability }
    /// Containers known, by full id.
    package var containers: ContainerTable { fields.containers }
    /// The same for lists.
    var listing: NodeListing { fields.listing }
    /// How many of them are in each state.
    package var states: StateCounts { fields.states }
    /// Those that rescheduling has to look at, sorted by name.
    var watchedContainers: [ContainerState] {
        fields.watched.compactMap { fields.containers[$0] }.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }
    package var images: [ImageSummary] { fields.images }
    package var networks: [NetworkSummary] { fields.networks }
    package var volumes: [VolumeSummary] { fields.volumes }
    /// What the engine said when it last connected; `nil` before.
    package var info: EngineInfo? { fields.info }
    package var version: EngineVersion? { fields.version }
    /// CPUs and memory promised to containers and reservations.
    package var reserved: Resources { fields.reserved }
    /// CPUs and memory of the node, without overcommit.
    package var capacity: Resources { fields.capacity }

    package var engineID: String { info?.id ?? "" }
    /// Who it is by its certificate; `nil` without TLS.
    package var peer: EnginePeer? { fields.peer }

    /// The host part of `address`, without brackets.
    package var host: String {
        (try? EngineAddress(parsing: address, defaultPort: 2375))?.host ?? address
    }

    /// The image with this id, id prefix (at least four digits), tag or digest; a name without a tag
    /// means `latest`.
    package func image(_ reference: String) -> ImageSummary? {
        images.first { ImageReference.matches($0, reference) }
    }

    /// When the engine's certificate ends, in seconds since 1970; `nil` without TLS.
    package var certificateEnd: Int? { fields.peer?.notAfter }

    /// How long before its end a certificate is warned of, in seconds.
    package static let certificateNotice = 30 * 86400

    private var certificateWarning: String? {
        guard let end = certificateEnd, end - Int(WallTime.now) < Self.certificateNotice else {
            return nil
        }
        let verb = Double(end) < WallTime.now ? "ended" : "ends"
        return "its certificate \(verb) at \(WallTime.format(Double(end))): renew it with `swarmctl rotate certs`"
    }

    /// Beyond what asking takes on a slow network, times in lists and events look wrong.
    private var clockWarning: String? {
        guard abs(fields.clockOffset) >= Self.clockTolerance else {
            return nil
        }
        let seconds = Int(min(abs(fields.clockOffset), 1e12).rounded())
        return "its clock is \(seconds) s \(fields.clockOffset > 0 ? "ahead of" : "behind") this manager's: "
            + "set both by NTP, as with `timedatectl set-ntp true`"
    }

    /// A copy to change.
    var copy: NodeFields { fields }
}

/// What a ``NodeState`` is made of.
struct NodeFields: Sendable {
    var address: String
    var name: String
    var status: NodeStatus = .pending
    var reason: String?
    var warning: String?
    /// Who it is by its certificate; `nil` without TLS.
    var peer: EnginePeer?
    var clockOffset = 0.0
    var since: Double
    var updatedAt: Double = 0
    var availability = NodeAvailability.active
    var containers = ContainerTable()
    /// Of these containers.
    var listing = NodeListing(ContainerTable())
    var states = StateCounts()
    /// Ids of the containers that rescheduling has to look at.
    var watched: Set<String> = []
    var images: [ImageSummary] = []
    var networks: [NetworkSummary] = []
    var volumes: [VolumeSummary] = []
    var info: EngineInfo?
    var version: EngineVersion?
    var reserved = Resources()
    var capacity = Resources()
}
