// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import SwarmCore

/// Calls that last, and go on when the connection to their node broke and the node is back.
extension DockerRoutes {
    /// Time between two looks whether the node is back, and the least time between two attempts.
    private static let pause = Duration.milliseconds(500)

    var lastingRoutes: [Route] {
        [Route(.POST, "containers/{name}/wait", wait), Route(.GET, "containers/{name}/stats", stats)]
    }

    // MARK: Waiting for an end

    /// Passes the wait on, again after every outage, until it has an outcome.
    private func wait(_ request: GatewayRequest, _ responder: Responder) async throws {
        let (call, container) = try containerCall(request, tail: ["wait"])
        let finishedBefore = container.run?.finishedAt
        while true {
            do {
                return try await Self.relayOutcome(of: call, to: responder)
            } catch  where Self.isOutage(error) {
                try await waitUntilBack(call.node, after: error, request)
                guard let outcome = try await missedOutcome(of: container, call, finishedBefore) else {
                    continue
                }
                if responder.isUnused {
                    try await responder.begin(headers: ["Content-Type": "application/json"])
                }
                try await responder.writeLine(outcome)
                return try await responder.finish()
            }
        }
    }

    private static func relayOutcome(of call: EngineCall, to responder: Responder) async throws {
        try await call.run { response in
            guard response.status < 300 || !responder.isUnused else {
                return try await EngineCall.relay(response, to: responder)
            }
            if responder.isUnused {
                let headers = EngineCall.headers(of: response, keepsUpgrade: false)
                try await responder.begin(status: response.status, reason: response.reason, headers: headers)
            }
            let body = try await response.collect(limit: 1 << 20)
            // An engine that shuts down ends its answers without an outcome.
            guard !body.isEmpty else {
                throw DockerAPIError.connectionLost(address: call.node.address, reason: "closed without an outcome")
            }
            try await responder.write(ByteBuffer(bytes: body))
            try await responder.finish()
        }
    }

    /// What the container came to while nobody waited for it; `nil` when it is still to be waited for.
    private func missedOutcome(
        of container: ContainerState,
        _ call: EngineCall,
        _ finishedBefore: Double?
    ) async throws -> JSON? {
        let path = EngineCall.path(["containers", container.id, "json"])
        do {
            let found = try await call.engine.call(.GET, path, deadline: .after(Self.listTime)).json()
            let finished = found["State"]?["FinishedAt"]?.string.flatMap { WallTime.parse($0) }
            let started = found["State"]?["StartedAt"]?.string.flatMap { WallTime.parse($0) } ?? 0
            guard call.request["condition"] == "next-exit", let finished, finished != finishedBefore, finished > started
            else {
                return nil
            }
            return ["Error": .null, "StatusCode": found["State"]?["ExitCode"] ?? 0]
        } catch DockerAPIError.refused(status: 404, let message) {
            return ["Error": ["Message": JSON(message)], "StatusCode": 0]
        } catch  where Self.isOutage(error) {
            return nil
        }
    }

    // MARK: Samples

    /// Passes samples on, each whole, and asks for more after every outage.
    private func stats(_ request: GatewayRequest, _ responder: Responder) async throws {
        let (call, _) = try containerCall(request, tail: ["stats"])
        guard request["stream"].map({ _ in request.flag("stream") }) ?? true, !request.flag("one-shot") else {
            try await call.relay(to: responder)
            return
        }
        while true {
            do {
                return try await Self.relaySamples(of: call, to: responder)
            } catch  where Self.isOutage(error) && !responder.isUnused {
                try await waitUntilBack(call.node, after: error, request)
            }
        }
    }

    private static func relaySamples(of call: EngineCall, to responder: Responder) async throws {
        try await call.run { response in
            guard response.status < 300 else {
                // The container may have gone with the outage: the samples end, as when it is removed.
                return responder.isUnused
                    ? try await EngineCall.relay(response, to: responder) : try await responder.finish()
            }
            if responder.isUnused {
                let headers = EngineCall.headers(of: response, keepsUpgrade: false)
                try await responder.begin(status: response.status, reason: response.reason, headers: headers)
            }
            var lines = WholeLines()
            while let bytes = try await response.read() {
                if let whole = try lines.append(bytes) {
                    try await responder.write(whole)
                }
            }
            try await responder.finish()
        }
    }

    // MARK: Outages

    /// Whether the node or the way to it failed, and not the call.
    static func isOutage(_ error: any Error) -> Bool {
        switch error {
        case DockerAPIError.connectionLost, DockerAPIError.cannotConnect, DockerAPIError.handshakeFailed,
            DockerAPIError.malformedMessage, is DeadlineExceeded:
            true
        default: false
        }
    }

    /// - Throws: ``GatewayError/nodeDown(node:reason:)`` when the node has left, or `CancellationError` when the client
    ///   has.
    func waitUntilBack(_ node: NodeState, after error: any Error, _ request: GatewayRequest) async throws {
        logger.debug(
            "call goes on when the node is back",
            metadata: [
                "request": "\(request.id)", "node": "\(node.name)", "reason": "\(ErrorReport(error).message)",
            ]
        )
        repeat {
            try await ContinuousClock().sleep(for: Self.pause)
            guard cluster.snapshot.node(address: node.address) != nil else {
                throw GatewayError.nodeDown(node: node.name, reason: "it has left the cluster")
            }
        } while cluster.snapshot.node(address: node.address)?.status != .healthy
    }
}

/// Holds back the beginning of a line until its end is there.
private struct WholeLines {
    /// The longest line taken, in bytes.
    private static let limit = 4 << 20

    private var rest = ByteBuffer()

    /// The lines that are complete with `bytes`; `nil` when there is none.
    ///
    /// - Throws: ``DockerAPIError/tooLarge(what:limit:)``.
    mutating func append(_ bytes: ByteBuffer) throws(DockerAPIError) -> ByteBuffer? {
        var bytes = bytes
        rest.writeBuffer(&bytes)
        guard let end = rest.readableBytesView.lastIndex(of: UInt8(ascii: "\n")) else {
            guard rest.readableBytes <= Self.limit else {
                throw .tooLarge(what: "a line of the stream", limit: Self.limit)
            }
            return nil
        }
        let whole = rest.readSlice(length: end + 1 - rest.readerIndex)
        rest.discardReadBytes()
        return whole
    }
}
