// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// Logs, which are continued after an outage of their node where they were.
extension DockerRoutes {
    var logRoutes: [Route] {
        [Route(.GET, "containers/{name}/logs", logs)]
    }

    private func logs(_ request: GatewayRequest, _ responder: Responder) async throws {
        let (call, container) = try containerCall(request, tail: ["logs"])
        // On a terminal's log nothing tells where a message ends.
        guard request.flag("follow"), try await !hasTerminal(container, call) else {
            try await call.relay(to: responder)
            return
        }
        var frames = LogFrames(keepsTimes: request.flag("timestamps"))
        var timed = request
        timed.set("timestamps", "1")
        while true {
            do {
                return try await Self.relayFrames(of: call.asking(timed), &frames, to: responder)
            } catch  where Self.isOutage(error) && !responder.isUnused {
                try await waitUntilBack(call.node, after: error, request)
                frames.breakOff()
                if let since = frames.continuation {
                    timed.set("since", since)
                    timed.set("tail", nil)
                }
            }
        }
    }

    private func hasTerminal(_ container: ContainerState, _ call: EngineCall) async throws -> Bool {
        let path = EngineCall.path(["containers", container.id, "json"])
        let found = try? await call.engine.call(.GET, path, deadline: .after(Self.listTime)).json()
        try Task.checkCancellation()
        // What cannot be looked at is passed on as it is.
        return found?["Config"]?["Tty"]?.bool ?? true
    }

    private static func relayFrames(
        of call: EngineCall,
        _ frames: inout LogFrames,
        to responder: Responder
    ) async throws {
        var read = frames
        defer { frames = read }
        try await call.run { response in
            guard response.status < 300 else {
                // The container may have gone with the outage: its log ends.
                return responder.isUnused
                    ? try await EngineCall.relay(response, to: responder) : try await responder.finish()
            }
            if responder.isUnused {
                let headers = EngineCall.headers(of: response, keepsUpgrade: false)
                try await responder.begin(status: response.status, reason: response.reason, headers: headers)
            }
            while let bytes = try await response.read() {
                if let whole = try read.append(bytes) {
                    try await responder.write(whole)
                }
            }
            try await responder.finish()
        }
    }
}
