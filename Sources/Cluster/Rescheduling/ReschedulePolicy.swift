// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI

/// When a container is placed again without being asked for: `reschedule:on-node-failure`.
package struct ReschedulePolicy: OptionSet, Sendable, Hashable {
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    package static let onNodeFailure = ReschedulePolicy(rawValue: 1)
    package static let onUnhealthy = ReschedulePolicy(rawValue: 2)

    /// Reads what stands after `reschedule:`; several policies are separate entries, or separated by commas.
    ///
    /// - Throws: ``CreationError/unknownPolicy(_:)``.
    package init(parsing texts: [String]) throws(CreationError) {
        var policy: ReschedulePolicy = []
        var isOff = false
        for word in Self.words(texts) {
            switch word {
            case "on-node-failure": policy.insert(.onNodeFailure)
            case "on-unhealthy": policy.insert(.onUnhealthy)
            case "off": isOff = true
            default: throw .unknownPolicy(word)
            }
        }
        self = isOff ? [] : policy
    }

    /// Reads the labels of a container; what is no policy counts as none.
    init(labels: [String: String]) {
        guard let text = labels[PlacementExpressions.Kind.reschedule.label], let json = try? JSON(parsing: text) else {
            self = []
            return
        }
        self = (try? ReschedulePolicy(parsing: json.strings)) ?? []
    }

    private static func words(_ texts: [String]) -> [String] {
        texts.flatMap { $0.split(separator: ",") }.map { String($0.filter { $0 != " " }) }.filter { !$0.isEmpty }
    }
}

/// The labels that a container has because it took another one's place.
enum MoveLabel {
    /// The id of the container that it replaces.
    static let from = "com.docker.swarm.rescheduled-from"
    /// The ids of all that came before it, oldest first: a JSON array.
    static let lineage = "com.docker.swarm.rescheduled-lineage"
    /// When that was decided, in nanoseconds since 1970: the latest of several copies counts.
    static let at = "com.docker.swarm.rescheduled-at"
}
