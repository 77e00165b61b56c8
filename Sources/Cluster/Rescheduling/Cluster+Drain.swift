// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

/// What a drain did.
package struct DrainReport: Sendable {
    package struct Moved: Sendable {
        package let id: String
        package let name: String
        package let node: String
        package let newID: String
    }

    package struct Left: Sendable {
        package let id: String
        package let name: String
        /// Why it is still there, in words.
        package let reason: String
        /// Whether it was to be moved; false for those that stay because nobody said that they may move.
        package let hasPolicy: Bool

        init(_ container: ContainerState, reason: String) {
            id = container.id
            name = container.name
            self.reason = reason
            hasPolicy = !container.policy.isEmpty
        }
    }

    /// Sorted by name.
    package var moved: [Moved] = []
    package var left: [Left] = []
}

extension Cluster {
    /// How many containers are moved at once.
    private static let drainWidth = 4

    /// Keeps new containers away from a node, and moves those that have a reschedule policy.
    ///
    /// Returns when all that can be moved is. What cannot be now is tried again until the node is
    /// active again; a drain that is cancelled goes on without its caller.
    ///
    /// - Throws: ``LeadershipError``, ``FileError``, when the decision cannot be kept.
    package func drain(_ address: String) async throws -> DrainReport {
        try await setAvailability(.draining, of: address)
        guard let node = snapshot.node(address: address) else {
            return DrainReport()
        }
        var report = DrainReport()
        var waiting: [ContainerState] = []
        for container in node.containers.values.sorted(by: { $0.name < $1.name })
        where !container.isOverhead && !container.isRetired {
            if let reason = obstacle(to: container, on: node) {
                report.left.append(.init(container, reason: reason))
            } else {
                waiting.append(container)
            }
        }
        try await move(waiting, from: node, into: &report)
        report.moved.sort { ($0.name, $0.id) < ($1.name, $1.id) }
        report.left.sort { ($0.name, $0.id) < ($1.name, $1.id) }
        return report
    }

    private func obstacle(to container: ContainerState, on node: NodeState) -> String? {
        if container.policy.isEmpty {
            return "it has no reschedule policy"
        }
        return node.status == .healthy ? Move.obstacle(container) : "the node does not answer"
    }

    private func move(_ containers: [ContainerState], from node: NodeState, into report: inout DrainReport) async throws
    {
        for container in containers where moves[container.id] == nil {
            if let move = Move(container, on: node, reason: .drain, time: WallClock.nanoseconds()) {
                try moves.write(move)
            }
        }
        await withTaskGroup(of: (ContainerState, Result<Mover.Outcome, any Error>).self) { group in
            var rest = containers[...]
            for _ in 0..<Self.drainWidth {
                guard let next = rest.popFirst() else {
                    break
                }
                group.addTask { (next, await self.moveNow(next)) }
            }
            for await (container, result) in group {
                switch result {
                case .success(.moved(let target, let newID)):
                    report.moved.append(.init(id: container.id, name: container.name, node: target.name, newID: newID))
                case .success(.dropped):
                    report.left.append(.init(container, reason: "it is not drained any more"))
                case .failure(let error):
                    let reason = ErrorReport(error).message
                    report.left.append(.init(container, reason: reason))
                }
                if let next = rest.popFirst() {
                    group.addTask { (next, await self.moveNow(next)) }
                }
            }
        }
    }

    /// Does the move, or waits for the task that does it.
    private func moveNow(_ container: ContainerState) async -> Result<Mover.Outcome, any Error> {
        while !moves.claim(container.id, isImpatient: true) {
            do {
                try await ContinuousClock().sleep(for: .milliseconds(100))
            } catch {
                return .failure(error)
            }
        }
        if let move = moves[container.id], move.phase != .open {
            moves.release(container.id)
            if let newID = move.newID, let target = move.target.flatMap({ snapshot.node(address: $0) }) {
                return .success(.moved(to: target, newID: newID))
            }
            return .success(.dropped)
        }
        return await Rescheduler(self).perform(container.id)
    }
}
