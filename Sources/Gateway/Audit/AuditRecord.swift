// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import Synchronization

/// What an answer has taken part of: nodes are added while it is worked on.
final class AuditTrail: Sendable {
    private let names = Mutex<[String]>([])

    /// In the order in which they were asked first.
    var nodes: [String] { names.withLock { $0 } }

    func note(_ node: String) {
        names.withLock { names in
            if !names.contains(node) {
                names.append(node)
            }
        }
    }
}

/// One line of the audit log: who did what, where, and what came of it.
package struct AuditRecord: Sendable {
    /// How far the request had come when the line was made.
    package enum Phase: String, Sendable {
        /// A stream that may last begins; another line follows at its end.
        case begin
        case end
        /// TLS has turned the client away.
        case handshake
    }

    /// Seconds since 1970.
    package var time: Double
    package var request: String
    package var caller: Caller
    package var method: String
    /// The path, without the query, which may hold secrets.
    package var path: String
    /// The route's pattern; empty when there is none.
    package var route: String
    /// Names of the nodes that were asked.
    package var nodes: [String]
    package var phase: Phase
    /// The status answered; 0 when the client had gone before.
    package var status: Int
    /// How long it took.
    package var milliseconds: Int
    /// Why it was refused or failed; `nil` when it went well.
    package var reason: String?

    package init(
        time: Double,
        request: String,
        caller: Caller,
        method: String,
        path: String,
        route: String,
        nodes: [String],
        phase: Phase,
        status: Int,
        milliseconds: Int,
        reason: String?
    ) {
        self.time = time
        self.request = request
        self.caller = caller
        self.method = method
        self.path = path
        self.route = route
        self.nodes = nodes
        self.phase = phase
        self.status = status
        self.milliseconds = milliseconds
        self.reason = reason
    }

    /// `refused`, `failed` or `done`; `begun` for a stream.
    var result: String {
        switch (phase, status) {
        case (.begin, _): "begun"
        case (.handshake, _), (_, 403): "refused"
        case (_, 0), (_, 400...): "failed"
        default: "done"
        }
    }

    /// The line, with the newline at its end.
    var line: [UInt8] {
        var object = JSONObject([
            ("time", JSON(WallTime.format(time))), ("request", JSON(request)), ("user", JSON(caller.name)),
            ("role", JSON(caller.roleText)), ("client", JSON(caller.address)), ("method", JSON(method)),
            ("path", JSON(path)), ("route", JSON(route)), ("nodes", JSON(nodes)), ("result", JSON(result)),
            ("status", JSON(status)), ("ms", JSON(milliseconds)),
        ])
        if let via = caller.via {
            object["via"] = JSON(via)
        }
        if let reason {
            object["reason"] = JSON(reason)
        }
        return Array(object.json.bytes) + [UInt8(ascii: "\n")]
    }
}

extension Caller {
    /// As in a certificate; `node` and `nobody` for those without a role.
    var roleText: String {
        switch standing {
        case .role(let role): role.description
        case .node: "node"
        case .nobody: "nobody"
        }
    }
}

extension AuditRecord {
    private static let longRoutes: Set<String> = [
        "containers/{name}/attach", "containers/{name}/attach/ws", "containers/{name}/logs", "exec/{id}/start",
        "events",
        "session", "grpc", "build",
    ]

    /// Whether requests may last so long that their beginning is worth a line.
    static func isLong(_ route: Route) -> Bool { longRoutes.contains(route.pattern) }

    /// Whether requests say nothing about the cluster, and come every few seconds.
    static func isGreeting(_ route: Route?) -> Bool {
        guard let route else {
            return false
        }
        return RoleTable.grant(route.method, route.pattern, .node) == .full
    }
}
