// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Synchronization

/// What lists of containers are chosen by, side by side for all containers of a node.
///
/// Made when the first list asks for it and kept until one of the containers changes: so thirty thousand
/// containers are looked through without going to each of them.
package final class NodeListing: Sendable {
    /// Of each container, in no order that means anything but always the same.
    struct Parts: Sendable {
        let containers: [ContainerState]
        let facts: [ListedFacts]
        /// All names, in lines.
        let names: [UInt8]
    }

    private static let last = Atomic<UInt64>(0)

    /// Of all listings that there ever were, this one's number.
    let number = NodeListing.last.add(1, ordering: .relaxed).newValue
    private let table: ContainerTable
    private let made = Mutex<Parts?>(nil)

    init(_ table: ContainerTable) {
        self.table = table
    }

    var parts: Parts {
        made.withLock { made in
            if let made {
                return made
            }
            let containers = Array(table.values)
            let parts = Parts(
                containers: containers,
                facts: containers.map { ListedFacts($0) },
                names: Array(containers.lazy.flatMap(\.summary.names).joined(separator: "\n").utf8)
            )
            made = parts
            return parts
        }
    }
}

/// What most lists ask about a container; without references, so that thousands are looked at in no time.
package struct ListedFacts: Sendable {
    /// In seconds since 1970.
    package let createdAt: Double
    package let labels: LabelBits
    /// When what its line for people counts from was, in seconds since 1970.
    package let since: Double
    /// All else that the line depends on, for one that runs or has ended; `nil` for others.
    ///
    /// Less than 2^12.
    package var line: UInt16? { hasLine ? lineKind : nil }
    private let lineKind: UInt16
    private let hasLine: Bool
    /// Whether it is in a list that does not ask for all.
    package let isActive: Bool
    package let isOverhead: Bool

    init(_ container: ContainerState) {
        createdAt = container.createdAt
        labels = container.labelBits
        isActive = container.isActive
        isOverhead = container.isOverhead
        let line = Self.line(of: container)
        hasLine = line != nil
        lineKind = line?.kind ?? 0
        since = line?.since ?? 0
    }

    private static func line(of container: ContainerState) -> (kind: UInt16, since: Double)? {
        guard let run = container.run, (0..<256).contains(run.exitCode),
            let health = ["", "starting", "healthy", "unhealthy"].firstIndex(of: run.health)
        else {
            return nil
        }
        let kind = UInt16(run.exitCode) << 4 | UInt16(health) << 1
        return switch container.summary.state {
        case "running": run.startedAt.map { (kind, $0) }
        case "exited": run.finishedAt.map { (kind | 1, $0) }
        default: nil
        }
    }
}
