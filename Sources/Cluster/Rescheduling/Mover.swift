// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Logging
internal import NIOHTTP1
internal import SwarmCore

/// Does one move, from wherever an earlier attempt left it.
///
/// Each step looks at what the engines have before it changes anything, so that all of it can be done
/// again: by this manager after a failure, by the next one after a kill.
struct Mover: Sendable {
    /// What came of a move.
    enum Outcome: Sendable {
        case moved(to: NodeState, newID: String)
        /// There is no reason for it any more.
        case dropped
    }

    private static let callTime = Duration.seconds(60)

    let cluster: Cluster
    let term: Leadership.Term
    private var move: Move

    init(_ move: Move, cluster: Cluster, term: Leadership.Term) {
        self.move = move
        self.cluster = cluster
        self.term = term
    }

    /// Does what is left to do.
    ///
    /// - Throws: when it has to be tried again, or, for a container that still runs, not at all: then it
    ///   runs on where it was.
    mutating func run() async throws -> Outcome {
        if let dropped = try dropUnneeded() {
            return dropped
        }
        let copy = try await findOrCreate()
        let client = try client(of: copy.node)
        try await joinNetworks(copy.id, on: copy.node, client)
        let isOldThere = cluster.snapshot.node(address: move.address)?.status == .healthy
        if isOldThere {
            try await stopOld(copy, client)
        }
        if move.wasRunning {
            try await start(copy, client, isOldThere: isOldThere)
        }
        await cluster.refreshContainer(copy.id, on: copy.node.address)
        move.phase = .done
        move.newID = copy.id
        move.inspection = .emptyObject
        move.networks = [:]
        try cluster.moves.write(move)
        tell(of: copy)
        return .moved(to: copy.node, newID: copy.id)
    }

    /// Ends a move whose reason is gone before anything was done about it.
    private func dropUnneeded() throws -> Outcome? {
        let node = cluster.snapshot.node(address: move.address)
        let old = node?.containers[move.id]
        let isHealthy = node?.status == .healthy
        guard move.target == nil, cluster.copies(of: move.id).isEmpty else {
            return nil
        }
        let isOver =
            switch move.reason {
            case .nodeFailure: isHealthy
            case .drain: isHealthy ? old == nil || node?.availability != .draining : false
            case .unhealthy: isHealthy ? old?.run?.health != "unhealthy" : false
            }
        guard isOver else {
            return nil
        }
        cluster.moves.remove(move.id)
        cluster.logger.info("container stays", metadata: ["container": "\(move.name)", "node": "\(move.nodeName)"])
        return .dropped
    }

    // MARK: The new container

    private struct Copy {
        let id: String
        let node: NodeState
        let state: String
    }

    private mutating func findOrCreate() async throws -> Copy {
        if let (container, node) = cluster.copies(of: move.id).first {
            guard node.status == .healthy else {
                throw MoveError.waiting(node: node.name)
            }
            return Copy(id: container.id, node: node, state: container.summary.state)
        }
        if let target = move.target {
            let node = cluster.snapshot.node(address: target)
            guard node?.status == .healthy else {
                try forgetTarget(node)
                return try await create(only: nil)
            }
            return try await create(only: target)
        }
        return try await create(only: nil)
    }

    /// Gives up on a node that may or may not have made the container: whatever it made is replaced by a
    /// later copy, and is stopped when the node is back.
    private mutating func forgetTarget(_ node: NodeState?) throws {
        if let node, WallClock.now() - node.since < cluster.configuration.rescheduleGrace / .seconds(1) {
            throw MoveError.waiting(node: node.name)
        }
        move.target = nil
        move.time = max(move.time + 1, WallClock.nanoseconds())
    }

    private mutating func create(only target: String?) async throws -> Copy {
        let move = move
        let recipe = ContainerRecipe(
            move.inspection,
            nodeCPUs: move.nodeCPUs,
            labels: [
                MoveLabel.from: move.id, MoveLabel.at: String(move.time),
                MoveLabel.lineage: JSON(move.lineage + [move.id]).text,
            ]
        )
        let snapshot = cluster.snapshot
        let nodes = snapshot.nodes
        var creation = try ContainerCreation(
            name: move.name,
            platform: nil,
            body: Array(recipe.body.bytes),
            isNode: { snapshot.hasNode(named: $0) }
        )
        // The old copy keeps its volumes; ``NetworkSupply`` makes the networks that are missing.
        creation.leaveBehind(networks: Set(move.networks.keys))
        var options = ContainerPlacer.Options()
        options.replacing = Set(move.lineage + [move.id])
        options.excluding = Set(nodes.map(\.address).filter { target == nil ? $0 == move.address : $0 != target })
        let cluster = cluster
        options.willCreate = { node in
            var asked = move
            asked.target = node.address
            try cluster.moves.write(asked)
            try await NetworkSupply(cluster: cluster, move: asked).bring(to: node)
        }
        let outcome = try await ContainerPlacer(cluster).create(creation, options)
        self.move.target = outcome.node.address
        if let id = outcome.containerID {
            return Copy(id: id, node: outcome.node, state: "created")
        }
        if outcome.reply.status == 409, let made = try await earlierCopy(on: outcome.node) {
            return made
        }
        // It has made nothing: the next attempt may choose another node.
        self.move.target = nil
        try cluster.moves.write(self.move)
        let message = HTTPReply.errorMessage(in: outcome.reply.body, status: outcome.reply.status)
        throw MoveError.refused(node: outcome.node.name, message: message)
    }

    /// The container that an earlier attempt has made and this manager has not seen.
    private func earlierCopy(on node: NodeState) async throws -> Copy? {
        let found = try await client(of: node).container(move.name, deadline: .after(Self.callTime))
        guard found.config["Labels"]?.stringMap[MoveLabel.from] == move.id else {
            return nil
        }
        await cluster.refreshContainer(found.id, on: node.address)
        return Copy(id: found.id, node: node, state: found.state)
    }

    private func joinNetworks(_ id: String, on node: NodeState, _ client: EngineClient) async throws {
        for (name, endpoint) in ContainerRecipe(move.inspection, nodeCPUs: move.nodeCPUs, labels: [:]).networks {
            do {
                let body = JSONObject([("Container", JSON(id)), ("EndpointConfig", endpoint)]).json
                try await post(client, "/networks/\(PercentEncoding.encode(name))/connect", body: body)
            } catch DockerAPIError.refused(let status, let message) where status == 403 && message.contains("already") {
                continue
            }
        }
    }

    private func start(_ copy: Copy, _ client: EngineClient, isOldThere: Bool) async throws {
        do {
            try await post(client, "/containers/\(copy.id)/start")
        } catch let error as DockerAPIError {
            guard case .refused(_, let message) = error else {
                throw error
            }
            // Without force: one that runs after all is not removed.
            try? await remove(copy, client)
            if isOldThere, let old = cluster.client(for: move.address) {
                try? await post(old, "/containers/\(move.id)/start")
            }
            var again = move
            again.target = nil
            try cluster.moves.write(again)
            throw MoveError.refused(node: copy.node.name, message: message)
        }
    }

    private func remove(_ copy: Copy, _ client: EngineClient) async throws {
        let query = [("v", "1")]
        _ = try await client.call(
            .DELETE,
            "/containers/\(copy.id)",
            query: query,
            deadline: .after(Self.callTime)
        )
        await cluster.refreshContainer(copy.id, on: copy.node.address)
    }

    // MARK: The old container

    /// Stops the old one; when that fails it runs on, and the new one goes away.
    private func stopOld(_ copy: Copy, _ client: EngineClient) async throws {
        guard let old = cluster.client(for: move.address) else {
            return
        }
        do {
            try await post(old, "/containers/\(move.id)/stop")
        } catch DockerAPIError.refused(status: 404, _) {
            return
        } catch let error as DockerAPIError {
            if copy.state == "created" {
                try? await remove(copy, client)
            }
            throw MoveError.notStopped(message: error.message)
        }
    }

    private func post(_ client: EngineClient, _ path: String, body: JSON? = nil) async throws {
        try cluster.leadership.check(term)
        _ = try await client.call(
            .POST,
            path,
            headers: body == nil ? [:] : ["Content-Type": "application/json"],
            body: body.map { .json($0) } ?? .none,
            deadline: .after(Self.callTime)
        )
    }

    private func client(of node: NodeState) throws -> EngineClient {
        guard let client = cluster.client(for: node.address) else {
            throw MoveError.waiting(node: node.name)
        }
        return client
    }

    private func tell(of copy: Copy) {
        cluster.logger.info(
            "rescheduled container",
            metadata: [
                "container": "\(move.name)", "from": "\(move.nodeName)", "to": "\(copy.node.name)",
                "reason": "\(move.reason.rawValue)", "old": "\(move.id.prefix(12))", "new": "\(copy.id.prefix(12))",
            ]
        )
        cluster.hub.publish(
            "reschedule",
            node: copy.node,
            actor: copy.id,
            attributes: [
                "decision": "moved", "name": move.name, "reason": move.reason.rawValue, "from.node": move.nodeName,
                "to.node": copy.node.name, "from.id": move.id, "started": move.wasRunning ? "true" : "false",
            ]
        )
    }
}
