// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI

/// Which events a client wants to see.
struct EventFilter: Sendable {
    private static let known: Set<String> = [
        "config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret",
        "service", "type", "volume",
    ]

    /// The start of the past to show, as the client wrote it: seconds since 1970.
    let since: String?
    /// When the stream ends, in seconds since 1970.
    let until: Double?
    private let filters: Filters

    /// - Throws: ``GatewayError/badRequest(_:)``.
    init(_ request: GatewayRequest) throws(GatewayError) {
        filters = try Filters(request["filters"])
        try filters.check(known: Self.known)
        since = request["since"].flatMap { $0.isEmpty || $0 == "0" ? nil : $0 }
        if let text = request["until"], !text.isEmpty, text != "0" {
            guard let until = Double(text) ?? WallTime.parse(text) else {
                throw .badRequest("invalid value for until: \"\(text)\"")
            }
            self.until = until
        } else {
            until = nil
        }
    }

    func accepts(_ event: EngineEvent, on node: NodeState) -> Bool {
        guard !filters.isEmpty else {
            return true
        }
        // `exec_create: sh -c …` is asked for as `exec_create`.
        let action = event.action.prefix { $0 != ":" }
        return filters.accepts("type") { $0 == event.type }
            && filters.accepts("event") { $0 == event.action || $0 == action }
            && filters.accepts("scope") { $0 == (event.raw["scope"]?.string ?? "local") }
            && filters.accepts("node") { $0 == node.name || $0 == node.engineID || $0 == node.address }
            && filters.acceptsLabels(event.attributes)
            && acceptsActor(event)
    }

    private func acceptsActor(_ event: EngineEvent) -> Bool {
        ["container", "network", "volume", "plugin", "daemon"].allSatisfy { type in
            filters.accepts(type) { wanted in
                event.type == type && Self.names(event, wanted)
            }
        } && filters.accepts("image") { wanted in acceptsImage(event, wanted) }
    }

    private static func names(_ event: EngineEvent, _ wanted: String) -> Bool {
        event.actor == wanted || event.attributes["name"] == wanted
            || (wanted.count >= 4 && event.actor.hasPrefix(wanted))
    }

    /// Events of the image itself, and of containers made from it.
    private func acceptsImage(_ event: EngineEvent, _ wanted: String) -> Bool {
        let name = event.type == "image" ? event.attributes["name"] ?? event.actor : event.attributes["image"] ?? ""
        return event.actor == wanted || ImageReference.normalized(name) == ImageReference.normalized(wanted)
            || name.prefix { $0 != ":" } == wanted[...]
    }
}
