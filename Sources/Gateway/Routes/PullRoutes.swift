// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// What brings images onto all nodes: pull and load.
extension DockerRoutes {
    var pullRoutes: [Route] {
        [
            Route(.POST, "images/create", createImage),
            Route(.POST, "images/load") { try await onAllNodes($0, $1, nodes: cluster.snapshot.healthyNodes) },
        ]
    }

    private func createImage(_ request: GatewayRequest, _ responder: Responder) async throws {
        var nodes = cluster.snapshot.healthyNodes
        if let wanted = request["node"] {
            nodes = nodes.filter { $0.name == wanted || $0.engineID == wanted }
        }
        guard request["fromSrc"].map({ $0.isEmpty }) ?? true else {
            return try await importImage(request, responder, nodes: nodes)
        }
        try await onAllNodes(request, responder, nodes: nodes)
    }

    /// Sends the request to all `nodes` at once and merges their progress.
    ///
    /// The answer ends after the last node. When all nodes refuse, the client gets the refusal as
    /// from one engine; when only some fail, a last line names them. `emptyStatus` is the status when all
    /// succeed without a word.
    func onAllNodes(
        _ request: GatewayRequest,
        _ responder: Responder,
        nodes: [NodeState],
        emptyStatus: Int = 200
    ) async throws {
        guard !nodes.isEmpty else {
            throw GatewayError.noHealthyNode
        }
        let tee = request.bodyLength == 0 ? nil : BodyTee(request.body, count: nodes.count)
        // A slow client thins out the progress it sees, and does not slow the nodes.
        let (lines, sink) = AsyncStream<JSON>.makeStream(bufferingPolicy: .bufferingNewest(4096))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await withTaskGroup(of: Void.self) { work in
                    if let tee {
                        work.addTask { await tee.run() }
                    }
                    work.addTask { await distribute(request, tee, to: nodes, sink) }
                }
                sink.finish()
            }
            try await ProgressMerger(responder: responder, nodes: nodes.count, emptyStatus: emptyStatus).run(lines)
            try await group.waitForAll()
        }
    }

    private func distribute(
        _ request: GatewayRequest,
        _ tee: BodyTee?,
        to nodes: [NodeState],
        _ sink: AsyncStream<JSON>.Continuation
    ) async {
        await withTaskGroup(of: Void.self) { group in
            for (index, node) in nodes.enumerated() {
                group.addTask {
                    let branch = tee?.branches[index]
                    do {
                        try await follow(request, branch, on: node, sink)
                        await cluster.refreshImages(on: node.address)
                    } catch {
                        sink.yield(ProgressMerger.failure(of: node, error))
                    }
                    branch?.close()
                }
            }
        }
    }

    private func follow(
        _ request: GatewayRequest,
        _ branch: Handoff?,
        on node: NodeState,
        _ sink: AsyncStream<JSON>.Continuation
    ) async throws {
        var plain = request
        plain.set("node", nil)
        var call = try call(plain, to: node)
        call.body = branch.map { .stream($0, length: request.bodyLength) } ?? .none
        try await call.run { response in
            try await response.check()
            var lines = JSONLines()
            while let bytes = try await response.read() {
                for line in try lines.append(bytes) {
                    sink.yield(try ProgressMerger.line(line, of: node))
                }
            }
            if let last = try lines.finish() {
                sink.yield(try ProgressMerger.line(last, of: node))
            }
        }
    }
}
