// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOHTTP1

/// Who may use which route: the one declaration of it.
///
/// The server looks requests up in it, the tests go through it, and `swarmd roles` prints it. A route that is
/// not in it is refused to everybody.
package enum RoleTable {
    /// Stands for every path that the manager has no route for, and passes on to an engine.
    package static let unknownRoute = "*"

    /// All rules, in the order to show.
    package static let rules: [RouteRule] = system + containers + images + networks + volumes + cluster + swarmMode

    /// What a caller gets from a route; `refused` when the route is not in the table.
    package static func grant(_ method: HTTPMethod, _ pattern: String, _ standing: Caller.Standing) -> Grant {
        byRoute[Key(method: method.rawValue, pattern: pattern)]?.grant(standing) ?? .refused
    }

    private struct Key: Hashable {
        let method: String
        let pattern: String
    }

    private static let byRoute: [Key: RouteClass] = Dictionary(
        rules.map { (Key(method: $0.method.rawValue, pattern: $0.pattern), $0.kind) },
        // Two rules for one route are a mistake: nobody may.
        uniquingKeysWith: { _, _ in .administration }
    )

    private static func rules(_ kind: RouteClass, _ method: HTTPMethod, _ patterns: String...) -> [RouteRule] {
        patterns.map { RouteRule(method: method, pattern: $0, kind: kind) }
    }

    // MARK: Rules

    private static let system: [RouteRule] =
        rules(.greeting, .GET, "_ping", "healthz", "readyz", "version")
        + rules(.greeting, .HEAD, "_ping")
        + rules(.viewing, .GET, "info", "events", "system/df")
        + rules(.working, .POST, "auth")
        + rules(.overview, .GET, "metrics")

    private static let containers: [RouteRule] =
        rules(
            .viewing,
            .GET,
            "containers/json",
            "containers/ps",
            "containers/{name}/changes",
            "containers/{name}/stats"
        )
        + rules(.describing, .GET, "containers/{name}/json")
        // The arguments of `ps` can ask for environments.
        + rules(.content, .GET, "containers/{name}/top", "containers/{name}/logs", "containers/{name}/export")
        + rules(.content, .GET, "containers/{name}/archive", "containers/{name}/attach/ws")
        + rules(.content, .HEAD, "containers/{name}/archive")
        + rules(.content, .PUT, "containers/{name}/archive")
        + rules(.content, .POST, "containers/{name}/copy", "containers/{name}/attach", "containers/{name}/exec")
        + rules(.changing, .POST, "containers/create", "containers/{name}/start", "containers/{name}/stop")
        + rules(.changing, .POST, "containers/{name}/restart", "containers/{name}/kill", "containers/{name}/pause")
        + rules(.changing, .POST, "containers/{name}/unpause", "containers/{name}/update")
        + rules(.changing, .POST, "containers/{name}/rename", "containers/{name}/resize", "containers/{name}/wait")
        + rules(.changing, .DELETE, "containers/{name}")
        + rules(.changing, .POST, "containers/prune")
        // Checkpoints are files on the host.
        + rules(.sharing, .GET, "containers/{name}/checkpoints")
        + rules(.sharing, .POST, "containers/{name}/checkpoints")
        + rules(.content, .POST, "commit", "exec/{id}/start", "exec/{id}/resize")
        + rules(.viewing, .GET, "exec/{id}/json")

    private static let images: [RouteRule] =
        rules(.viewing, .GET, "images/json")
        + rules(.describing, .GET, "images/{name}/json")
        + rules(.content, .GET, "images/{name}/history", "images/{name}/get", "images/get")
        + rules(.content, .POST, "images/{name}/push")
        + rules(.changing, .POST, "images/create", "images/{name}/tag", "images/prune")
        + rules(.changing, .DELETE, "images/{name}")
        + rules(.common, .GET, "images/search", "distribution/{name}/json")
        + rules(.sharing, .POST, "images/load", "build", "build/cancel", "build/prune", "session", "grpc")

    private static let networks: [RouteRule] =
        rules(.viewing, .GET, "networks", "networks/{name}")
        + rules(.changing, .POST, "networks/create", "networks/{name}/connect", "networks/{name}/disconnect")
        + rules(.changing, .POST, "networks/prune")
        + rules(.changing, .DELETE, "networks/{name}")

    private static let volumes: [RouteRule] =
        rules(.viewing, .GET, "volumes", "volumes/{name}")
        + rules(.changing, .POST, "volumes/create", "volumes/prune")
        + rules(.changing, .PUT, "volumes/{name}")
        + rules(.changing, .DELETE, "volumes/{name}")

    private static let cluster: [RouteRule] =
        rules(.administration, .POST, "cluster/nodes/{name}/cordon", "cluster/nodes/{name}/drain")
        + rules(.administration, .POST, "cluster/nodes/{name}/uncordon")
        + rules(.overview, .GET, "cluster/nodes", "ui")
        // Their settings are environments.
        + rules(.sharing, .GET, "plugins", "plugins/privileges")
        // A plugin runs with what it asks for on every node.
        + rules(.administration, .GET, "plugins/{name}/json")
        + rules(.administration, .POST, "plugins/pull", "plugins/create", "plugins/{name}/enable")
        + rules(.administration, .POST, "plugins/{name}/disable", "plugins/{name}/set", "plugins/{name}/push")
        + rules(.administration, .POST, "plugins/{name}/upgrade")
        + rules(.administration, .DELETE, "plugins/{name}")
        // Looked up with this method, whatever the request's is.
        + rules(.administration, .GET, unknownRoute)

    /// Refused by every manager, in an engine's words.
    private static let swarmMode: [RouteRule] =
        ["swarm", "nodes", "services", "tasks", "secrets", "configs"].flatMap { root in
            rules(.common, .GET, root, "\(root)/{name}", "\(root)/{name}/logs")
                + [HTTPMethod.POST, .PUT, .DELETE].flatMap { rules(.administration, $0, root, "\(root)/{name}") }
        } + rules(.administration, .POST, "swarm/leave")
}
