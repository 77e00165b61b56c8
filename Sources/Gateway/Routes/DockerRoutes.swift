// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import Logging
internal import NIOHTTP1
internal import SwarmCore

/// Docker's routes over a cluster; each group of them is an extension in a file of its own.
struct DockerRoutes: Sendable {
    /// How long a node may take for a list or a small answer before its part is left out.
    static let listTime = Duration.seconds(10)

    let cluster: Cluster
    let configuration: GatewayConfiguration
    let logger: Logger
    let metrics: GatewayMetrics
    let execs = ExecDirectory()
    let sessions = SessionDirectory()
    let builders = BuilderDirectory()
    let projects = ProjectDirectory()
    let nodeLines = NodeLineCache()
    let eventMarks = EventMarkCache()
    let orders = OrderMemory()

    var all: [Route] {
        systemRoutes + containerListRoutes + containerRoutes + createRoutes + execRoutes + imageRoutes + pullRoutes
            + buildRoutes + networkRoutes + volumeRoutes + eventRoutes + pruneRoutes + pluginRoutes + swarmModeRoutes
            + clusterRoutes + lastingRoutes + logRoutes + pageRoutes
    }

    // MARK: Nodes

    /// The client for a node, in the version of the API that this request is sent in.
    ///
    /// - Throws: ``GatewayError/nodeDown(node:reason:)``.
    func engine(for node: NodeState, _ request: GatewayRequest) throws(GatewayError) -> EngineClient {
        guard node.status == .healthy, var engine = cluster.client(for: node.address) else {
            throw .nodeDown(node: node.name, reason: node.reason ?? "it has left the cluster")
        }
        request.trail.note(node.name)
        let wanted = request.version ?? cluster.snapshot.offeredVersions.highest
        engine.apiVersion = node.version?.apiVersions.clamp(wanted) ?? wanted
        return engine
    }

    /// A call that passes the request on to a node.
    func call(_ request: GatewayRequest, to node: NodeState) throws(GatewayError) -> EngineCall {
        EngineCall(request, to: node, engine: try engine(for: node, request))
    }

    /// Any healthy node, for questions that each can answer: one that has answered just now, if possible.
    func anyNode() throws(GatewayError) -> NodeState {
        let nodes = cluster.snapshot.healthyNodes
        guard let node = nodes.first(where: { cluster.hasAnsweredLately($0.address) }) ?? nodes.first else {
            throw .noHealthyNode
        }
        return node
    }

    /// Asks several nodes at once; the answer of one that is gone is not waited for.
    ///
    /// - Parameters:
    ///   - nodes: all of them.
    ///   - skipsSilent: whether a node counts as gone when it leaves a ping without an answer, and not only when it is
    ///     disconnected.
    ///   - question: for each node.
    /// - Returns: what each answered, in the order of `nodes`.
    func ask<Answer: Sendable>(
        _ nodes: [NodeState],
        skipsSilent: Bool = false,
        _ question: @escaping @Sendable (NodeState) async throws -> Answer
    ) async -> [(node: NodeState, result: Result<Answer, any Error>)] {
        await withTaskGroup(of: (Int, Result<Answer, any Error>).self) { group in
            for (index, node) in nodes.enumerated() {
                group.addTask {
                    do {
                        let answer = try await whileThere(node, skipsSilent: skipsSilent) { try await question(node) }
                        return (index, .success(answer))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var results: [(Int, Result<Answer, any Error>)] = []
            for await result in group {
                results.append(result)
            }
            return results.sorted { $0.0 < $1.0 }.map { (node: nodes[$0.0], result: $0.1) }
        }
    }

    /// Runs `body`, and gives it up when the node is gone; `skipsSilent` as in ``ask(_:skipsSilent:_:)``.
    ///
    /// - Throws: ``GatewayError/nodeDown(node:reason:)``, or what `body` throws.
    func whileThere<Value: Sendable>(
        _ node: NodeState,
        skipsSilent: Bool = false,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let noAnswer = "no answer to a ping"
        guard !skipsSilent || !cluster.isSilent(node.address) else {
            throw GatewayError.nodeDown(node: node.name, reason: noAnswer)
        }
        return try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                guard skipsSilent else {
                    let reason = try await cluster.waitUntilGone(node.address)
                    throw GatewayError.nodeDown(node: node.name, reason: reason)
                }
                try await cluster.waitForSilence(of: node.address)
                throw GatewayError.nodeDown(node: node.name, reason: noAnswer)
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else {
                throw CancellationError()
            }
            return value
        }
    }

    /// The JSON that each healthy node answers to this request; nodes that fail are left out unless
    /// all do, and named in the header of the answer.
    func collect(
        _ request: GatewayRequest,
        from nodes: [NodeState]? = nil,
        query: [(String, String)]? = nil,
        for responder: Responder
    ) async throws -> [(node: NodeState, json: JSON)] {
        let path = EngineCall.path(request.segments)
        let method = request.method
        let query = query ?? request.pairs
        let nodes = nodes ?? cluster.snapshot.healthyNodes
        let answers = await ask(nodes, skipsSilent: true) { node in
            try await engine(for: node, request)
                .call(method, path, query: query, deadline: .after(Self.listTime)).json()
        }
        let found = answers.compactMap { answer in
            (try? answer.result.get()).map { (node: answer.node, json: $0) }
        }
        if found.isEmpty, case .failure(let error) = answers.first?.result {
            throw error
        }
        noteMissing(
            answers.compactMap { answer in
                guard case .failure(let error) = answer.result else {
                    return nil
                }
                return (node: answer.node, error: error)
            },
            request,
            responder
        )
        return found
    }

    /// Tells the client and the operator whose part a list lacks.
    private func noteMissing(
        _ missing: [(node: NodeState, error: any Error)],
        _ request: GatewayRequest,
        _ responder: Responder
    ) {
        for (node, error) in missing {
            responder.addMissingNode(node.name)
            let reason = ErrorReport(error).message
            logger.info(
                "list without a node",
                metadata: ["request": "\(request.id)", "node": "\(node.name)", "reason": "\(reason)"]
            )
        }
    }

    // MARK: Containers

    /// The container a request names, and its node.
    ///
    /// - Throws: ``GatewayError/noSuchContainer(_:)``,
    ///   ``GatewayError/ambiguous(kind:reference:candidates:)``.
    func container(_ reference: String) throws(GatewayError) -> (container: ContainerState, node: NodeState) {
        switch cluster.container(reference) {
        case .found(let container, let node): return (container, node)
        case .missing: throw .noSuchContainer(reference)
        case .ambiguous(let candidates):
            throw .ambiguous(kind: "container", reference: reference, candidates: candidates)
        }
    }

    /// A call for the container that the request names, whose path has what the engine knows it by.
    ///
    /// The name stays a name, because engines repeat it in their errors.
    func containerCall(_ request: GatewayRequest, tail: [String]) throws(GatewayError) -> (EngineCall, ContainerState) {
        let (container, node) = try container(request.name)
        var call = try call(request, to: node)
        let reference = container.id.hasPrefix(request.name) ? request.name : container.name
        call.path = EngineCall.path(["containers", reference] + tail)
        return (call, container)
    }
}
