// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
internal import Logging
internal import NIOHTTP1
internal import Scheduling
internal import SwarmCore
internal import Synchronization

/// Creates containers: chooses the node, brings the image there, and has the engine create.
package struct ContainerPlacer: Sendable {
    /// How long an engine may take to create a container, its image being there.
    private static let createTime = Duration.seconds(120)
    /// A node that was heard of within this time is not asked again whether it answers.
    private static let freshness = Duration.seconds(1)

    /// What a request says beside the container.
    package struct Options: Sendable {
        /// Of the request, without `name`.
        package var query: [(String, String)] = []
        /// The version of the API that the request was made in; `nil` for the newest that is read here.
        package var version: APIVersion?
        /// The client's `X-Registry-Auth`.
        package var registrySecret: String?
        /// That the request was taken in; `nil` for any.
        package var term: Leadership.Term?
        /// Ids of containers that the new one takes the place of: they may have its name.
        var replacing: Set<String> = []
        /// Addresses of nodes not to choose.
        var excluding: Set<String> = []
        /// Called with the node before it is asked to create; what it throws ends the placement.
        var willCreate: @Sendable (NodeState) async throws -> Void = { _ in }

        package init() {}
    }

    /// What came of it.
    package struct Outcome: Sendable {
        package let node: NodeState
        /// The engine's answer, whatever its status.
        package let reply: HTTPReply
        /// The id of the new container; `nil` when the engine refused.
        package let containerID: String?
    }

    /// Nothing was sent to the node that could have made a container.
    private struct NothingSent: Error {
        let cause: any Error
    }

    private let cluster: Cluster

    package init(_ cluster: Cluster) {
        self.cluster = cluster
    }

    /// Creates a container on the node that fits best; on the next best when a node turns out not to answer.
    ///
    /// - Returns: also when the engine refused.
    /// - Throws: ``SchedulingError``, ``CreationError/nodeLost(node:reason:)``, ``LeadershipError``, and what
    ///   the connection throws.
    package func create(_ creation: ContainerCreation, _ options: Options = Options()) async throws -> Outcome {
        try await cluster.leadership.whileLeading(in: options.term) { term in
            try await self.create(creation, options, term: term)
        }
    }

    private func create(
        _ creation: ContainerCreation,
        _ options: Options,
        term: Leadership.Term
    ) async throws -> Outcome {
        let wanted = creation.request
        let isKnown = cluster.core.withLock { $0.hasImage(wanted.image) }
        let request = isKnown ? wanted.preferringImage() : wanted
        var excluded = options.excluding
        var failure: (any Error)?
        while true {
            let reservation: Reservation
            do {
                reservation = try cluster.reserve(request, excluding: excluded, replacing: options.replacing)
            } catch {
                // Nodes that do not answer were all that fitted.
                throw failure ?? error
            }
            do {
                return try await create(creation, options, on: reservation, term: term)
            } catch let error as NothingSent {
                cluster.logger.info(
                    "placement failed",
                    metadata: ["node": "\(reservation.nodeName)", "error": "\(ErrorReport(error.cause).message)"]
                )
                failure = error.cause
                excluded.insert(reservation.address)
            }
        }
    }

    /// Creates on the node of the reservation, and commits or releases it, whatever happens.
    private func create(
        _ creation: ContainerCreation,
        _ options: Options,
        on reservation: Reservation,
        term: Leadership.Term
    ) async throws -> Outcome {
        do {
            guard let node = cluster.snapshot.node(reservation.address),
                let client = cluster.client(for: node, version: options.version)
            else {
                throw NothingSent(cause: CreationError.nodeLost(node: reservation.nodeName, reason: "it has left"))
            }
            try await checkAnswers(node)
            try await options.willCreate(node)
            let reply = try await unlessLost(node) {
                try await self.send(creation, options, to: node, client, term: term)
            }
            guard reply.status < 300, let id = try? reply.json()["Id"]?.string else {
                cluster.release(reservation)
                return Outcome(node: node, reply: reply, containerID: nil)
            }
            await cluster.commit(reservation, containerID: id)
            return Outcome(node: node, reply: reply, containerID: id)
        } catch {
            cluster.release(reservation)
            throw error
        }
    }

    /// Makes sure that a node that was silent for a while still answers, before anything is sent that counts.
    private func checkAnswers(_ node: NodeState) async throws {
        guard let session = cluster.session(node.address), !session.wasHeard(within: Self.freshness) else {
            return
        }
        do {
            try await session.ping()
        } catch {
            try Task.checkCancellation()
            throw NothingSent(cause: CreationError.nodeLost(node: node.name, reason: ErrorReport(error).message))
        }
    }

    /// Runs `body`, and ends it when the node is found not to answer any more.
    private func unlessLost(
        _ node: NodeState,
        _ body: @escaping @Sendable () async throws -> HTTPReply
    ) async throws -> HTTPReply {
        try await withThrowingTaskGroup(of: HTTPReply.self) { group in
            group.addTask { try await body() }
            group.addTask { throw await self.loss(of: node) }
            defer { group.cancelAll() }
            guard let reply = try await group.next() else {
                throw CancellationError()
            }
            return reply
        }
    }

    /// Returns when the node is not healthy any more, or the task is cancelled.
    private func loss(of node: NodeState) async -> any Error {
        do {
            let reason = try await cluster.waitUntil(node.address) { $0 != .healthy }
            return CreationError.nodeLost(node: node.name, reason: reason ?? "it has left")
        } catch {
            return error
        }
    }

    private func send(
        _ creation: ContainerCreation,
        _ options: Options,
        to node: NodeState,
        _ client: EngineClient,
        term: Leadership.Term
    ) async throws -> HTTPReply {
        let reply = try await sendOnce(creation, options, to: node, client, term: term)
        guard Self.lacksImage(reply) else {
            return reply
        }
        let supply = ImageSupply(
            cluster: cluster,
            image: creation.request.image,
            platform: creation.request.platform,
            secret: options.registrySecret
        )
        guard try await supply.bring(to: node, client) else {
            return reply
        }
        return try await sendOnce(creation, options, to: node, client, term: term)
    }

    private func sendOnce(
        _ creation: ContainerCreation,
        _ options: Options,
        to node: NodeState,
        _ client: EngineClient,
        term: Leadership.Term
    ) async throws -> HTTPReply {
        var query = options.query
        if !creation.request.name.isEmpty {
            query.append(("name", creation.request.name))
        }
        var request = HTTPRequest(
            .POST,
            client.path("/containers/create"),
            query: query,
            headers: ["Content-Type": "application/json"]
        )
        let leadership = cluster.leadership
        request.mayBeSent = { try leadership.check(term) }
        do {
            let reply = try await client.http.reply(
                to: request,
                body: .json(creation.body(for: node)),
                deadline: .after(Self.createTime)
            )
            cluster.session(node.address)?.noteAnswer()
            return reply
        } catch let error as DockerAPIError {
            // A node that cannot even be dialled has created nothing: another one may.
            guard case .cannotConnect = error else {
                throw error
            }
            throw NothingSent(cause: error)
        }
    }

    /// Whether the engine has refused for want of the image, and of nothing else.
    private static func lacksImage(_ reply: HTTPReply) -> Bool {
        reply.status == 404
            && HTTPReply.errorMessage(in: reply.body, status: 404).lowercased().contains("no such image")
    }
}
