// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
package import NIOHTTP1

/// What a route does with a request.
package typealias RouteHandler = @Sendable (GatewayRequest, Responder) async throws -> Void

/// One kind of request and what answers it.
package struct Route: Sendable {
    package let method: HTTPMethod
    let before: [String]
    let after: [String]
    let hasName: Bool
    /// As written, for the log and for metrics: `containers/{name}/json`.
    package let pattern: String
    let handler: RouteHandler

    /// Makes a route.
    ///
    /// - Parameters:
    ///   - method: of the request.
    ///   - pattern: the path without version, with at most one `{name}`, which stands for one or more
    ///     segments, because names of images, and `NODE/NAME`, contain slashes.
    ///   - handler: answers; what it throws becomes Docker's error shape.
    package init(_ method: HTTPMethod, _ pattern: String, _ handler: @escaping RouteHandler) {
        self.method = method
        self.pattern = pattern
        self.handler = handler
        let segments = pattern.split(separator: "/").map { String($0) }
        let variable = segments.firstIndex { $0.hasPrefix("{") }
        before = Array(segments[..<(variable ?? segments.endIndex)])
        after = variable.map { Array(segments[($0 + 1)...]) } ?? []
        hasName = variable != nil
    }

    /// What the variable stands for, when the path fits: empty without a variable.
    func match(_ path: [String]) -> String? {
        guard hasName else {
            return path == before ? "" : nil
        }
        guard path.count > before.count + after.count, path.starts(with: before), path.suffix(after.count) == after[...]
        else {
            return nil
        }
        return path[before.count..<(path.count - after.count)].joined(separator: "/")
    }
}

/// All routes; the first that fits is taken, so that fixed paths stand before those with a name.
struct RouteTable: Sendable {
    private let routes: [String: [Route]]

    init(_ routes: [Route]) {
        // Fixed paths win, then the longest fixed tail: `containers/a/json` is no container `a/json`.
        let sorted = routes.sorted { left, right in
            (left.hasName ? 1 : 0, -left.after.count) < (right.hasName ? 1 : 0, -right.after.count)
        }
        self.routes = Dictionary(grouping: sorted) { $0.before.first ?? "" }
    }

    /// The route for a request, and its name filled in; `nil` when there is none.
    func find(_ request: GatewayRequest) -> (Route, GatewayRequest)? {
        let method = request.method
        for route in routes[request.segments.first ?? ""] ?? [] where route.method == method {
            if let name = route.match(request.segments) {
                var named = request
                named.name = name
                return (route, named)
            }
        }
        return nil
    }
}
