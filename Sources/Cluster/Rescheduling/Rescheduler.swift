// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Logging
internal import NIOHTTP1
internal import SwarmCore
internal import Synchronization

/// Places containers again whose node, or who themselves, do not do well, and keeps old copies out of the way.
struct Rescheduler: Sendable {
    /// How many moves are under way at once.
    private static let width = 8
    private static let callTime = Duration.seconds(60)

    let cluster: Cluster
    private var moves: MoveBook { cluster.moves }

    init(_ cluster: Cluster) {
        self.cluster = cluster
    }

    /// Looks and acts until the task is cancelled; acts only while this manager leads.
    func run() async {
        var watch = RescheduleWatch(grace: cluster.configuration.rescheduleGrace)
        await withDiscardingTaskGroup { group in
            while (try? await ContinuousClock().sleep(for: cluster.configuration.rescheduleInterval)) != nil {
                let decisions = look(&watch)
                guard cluster.leadership.isLeading else {
                    continue
                }
                for case .retire(let container, let node) in decisions {
                    group.addTask { await retire(container, on: node) }
                }
                note(decisions)
                forgetGone()
                for move in moves.all.sorted(by: { ($0.time, $0.name) < ($1.time, $1.name) }) where move.phase == .open
                {
                    guard moves.claimed < Self.width else {
                        break
                    }
                    guard moves.claim(move.id) else {
                        continue
                    }
                    group.addTask { _ = await perform(move.id) }
                }
            }
        }
    }

    private func look(_ watch: inout RescheduleWatch) -> [RescheduleWatch.Decision] {
        // In the lock, because a copy of the state would make the next change copy all of it.
        cluster.core.withLock { core in
            watch.look(at: core, book: moves, now: .now, time: WallClock.nanoseconds())
        }
    }

    /// Writes new moves down, all of them before any is begun.
    private func note(_ decisions: [RescheduleWatch.Decision]) {
        for case .move(let move) in decisions {
            do {
                try moves.write(move)
                cluster.logger.info(
                    "rescheduling container",
                    metadata: [
                        "container": "\(move.name)", "node": "\(move.nodeName)", "reason": "\(move.reason.rawValue)",
                    ]
                )
            } catch {
                if moves.fail(move.id, error.message) {
                    cluster.logger.error("cannot keep a decision", metadata: ["reason": "\(error.message)"])
                }
            }
        }
    }

    /// Forgets what was done about containers that are not there any more.
    private func forgetGone() {
        for move in moves.all where move.phase != .open {
            guard let node = cluster.snapshot.node(address: move.address), node.status == .healthy,
                node.containers[move.id] == nil
            else {
                continue
            }
            moves.remove(move.id)
        }
    }

    // MARK: One move

    /// Does a move that was claimed, and lets go of the claim.
    ///
    /// - Returns: what came of it, or why it failed.
    func perform(_ id: String) async -> Result<Mover.Outcome, any Error> {
        defer { moves.release(id) }
        guard let move = moves[id], move.phase == .open else {
            return .success(.dropped)
        }
        do {
            let cluster = cluster
            let outcome = try await cluster.leadership.whileLeading { term in
                var mover = Mover(move, cluster: cluster, term: term)
                return try await mover.run()
            }
            moves.succeed(id)
            // Now, rather than at the next look: what a drain leaves behind is out of the way when it ends.
            if let (container, node) = cluster.place(of: id, on: move.address), node.status == .healthy {
                if case .moved = outcome {
                    await retire(container, on: node)
                }
            }
            return .success(outcome)
        } catch {
            report(error, of: move)
            return .failure(error)
        }
    }

    private func report(_ error: any Error, of move: Move) {
        guard !(error is CancellationError) else {
            return
        }
        let reason = ErrorReport(error).message
        guard moves.fail(move.id, reason) else {
            return
        }
        cluster.logger.warning(
            "rescheduling failed; it is tried again",
            metadata: ["container": "\(move.name)", "node": "\(move.nodeName)", "reason": "\(reason)"]
        )
        if let node = cluster.snapshot.node(address: move.address) {
            cluster.hub.publish(
                "reschedule",
                node: node,
                actor: move.id,
                attributes: ["decision": "failed", "name": move.name, "reason": reason, "from.node": move.nodeName]
            )
        }
    }

    // MARK: Old copies

    /// Stops and renames a container that was replaced; it keeps its volumes, and is never removed.
    private func retire(_ container: ContainerState, on node: NodeState) async {
        let key = "retire \(container.id)"
        guard !container.isRetired, moves.claim(key) else {
            return
        }
        defer { moves.release(key) }
        do {
            let newName = Move.retiredName(container.name, id: container.id)
            try await cluster.leadership.whileLeading { _ in
                try await stopAndRename(container, on: node, newName: newName)
            }
            if var move = moves[container.id] {
                move.phase = .retired
                try moves.write(move)
            }
            await cluster.refreshContainer(container.id, on: node.address)
            moves.succeed(key)
            tell(of: container, on: node, newName: newName)
        } catch {
            let reason = ErrorReport(error).message
            if moves.fail(key, reason), !(error is CancellationError) {
                cluster.logger.warning(
                    "cannot put a replaced container out of the way; it is tried again",
                    metadata: ["container": "\(container.name)", "node": "\(node.name)", "reason": "\(reason)"]
                )
            }
        }
    }

    private func stopAndRename(_ container: ContainerState, on node: NodeState, newName: String) async throws {
        guard let client = cluster.client(for: node.address) else {
            return
        }
        let path = "/containers/\(PercentEncoding.encode(container.id))"
        // Else the engine would start it again when it is restarted itself.
        _ = try? await client.call(
            .POST,
            path + "/update",
            headers: ["Content-Type": "application/json"],
            body: .json(["RestartPolicy": ["Name": "no"]]),
            deadline: .after(Self.callTime)
        )
        _ = try await client.call(.POST, path + "/stop", deadline: .after(Self.callTime))
        let rename = path + "/rename"
        _ = try await client.call(.POST, rename, query: [("name", newName)], deadline: .after(Self.callTime))
    }

    private func tell(of container: ContainerState, on node: NodeState, newName: String) {
        cluster.logger.info(
            "put replaced container out of the way",
            metadata: ["container": "\(container.name)", "node": "\(node.name)", "now": "\(newName)"]
        )
        cluster.hub.publish(
            "reschedule",
            node: node,
            actor: container.id,
            attributes: ["decision": "retired", "name": container.name, "new.name": newName]
        )
    }
}
