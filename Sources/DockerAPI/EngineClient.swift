// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOHTTP1
package import SwarmCore

/// The calls that the manager itself makes to one engine.
///
/// A value over a pooled ``HTTPClient``; cheap to copy. Every call has a deadline, and cancelling
/// the task closes the connection it uses. Statuses of 400 and above are thrown as
/// ``DockerAPIError/refused(status:message:)``.
package struct EngineClient: Sendable {
    /// The longest answer taken into memory, in bytes.
    package static let answerLimit = 256 << 20

    package let http: HTTPClient
    /// The version that calls are made in; `nil` makes them without one, in the engine's newest.
    package var apiVersion: APIVersion?

    package init(http: HTTPClient, apiVersion: APIVersion? = nil) {
        self.http = http
        self.apiVersion = apiVersion
    }

    /// The path with the version in front.
    package func path(_ path: String) -> String {
        apiVersion.map { "/v\($0)\(path)" } ?? path
    }

    /// Makes a call and takes the whole answer.
    package func call(
        _ method: HTTPMethod,
        _ path: String,
        query: [(String, String)] = [],
        headers: HTTPHeaders = [:],
        body: HTTPBody = .none,
        deadline: Deadline
    ) async throws -> HTTPReply {
        let request = HTTPRequest(method, self.path(path), query: query, headers: headers)
        let reply = try await http.reply(to: request, body: body, limit: Self.answerLimit, deadline: deadline)
        try reply.check()
        return reply
    }

    /// `GET /_ping`: throws unless the engine answers `OK`.
    package func ping(deadline: Deadline) async throws {
        let reply = try await http.reply(to: HTTPRequest(.GET, "/_ping"), limit: 1 << 16, deadline: deadline)
        try reply.check()
        // A web server in its place, or a proxy's page, says something else.
        guard reply.body.starts(with: "OK".utf8) else {
            let text = String(decoding: reply.body.prefix(40), as: UTF8.self)
            throw DockerAPIError.unexpectedAnswer(what: "\"\(text)\" to a ping of \"\(http.address)\"")
        }
    }

    /// `GET /version`, always without a version in the path.
    package func version(deadline: Deadline) async throws -> EngineVersion {
        let reply = try await http.reply(to: HTTPRequest(.GET, "/version"), limit: 1 << 20, deadline: deadline)
        guard let version = EngineVersion(try reply.json()) else {
            throw DockerAPIError.unexpectedAnswer(what: "no API version in the answer of \"\(http.address)\"")
        }
        return version
    }

    /// `GET /info`.
    package func info(deadline: Deadline) async throws -> EngineInfo {
        EngineInfo(try await call(.GET, "/info", deadline: deadline).json())
    }

    /// `GET /containers/json?all=1`: stopped ones too.
    ///
    /// - Parameters:
    ///   - filters: Docker's filters, by name.
    ///   - deadline: when the call gives up.
    /// - Returns: in the engine's order.
    /// - Throws: ``DockerAPIError`` or ``DeadlineExceeded``.
    package func containers(
        filters: [String: [String]] = [:],
        deadline: Deadline
    ) async throws -> [ContainerSummary] {
        let query = [("all", "1")] + Self.query(filters: filters)
        let reply = try await call(.GET, "/containers/json", query: query, deadline: deadline)
        return try reply.json().elements.compactMap { ContainerSummary($0) }
    }

    /// `GET /containers/ID/json`.
    package func container(_ id: String, deadline: Deadline) async throws -> ContainerDetail {
        let path = "/containers/\(PercentEncoding.encode(id))/json"
        guard let detail = ContainerDetail(try await call(.GET, path, deadline: deadline).json()) else {
            throw DockerAPIError.unexpectedAnswer(what: "no id in the description of container \"\(id)\"")
        }
        return detail
    }

    /// `GET /images/json`: without intermediate images.
    package func images(deadline: Deadline) async throws -> [ImageSummary] {
        try await call(.GET, "/images/json", deadline: deadline).json().elements.compactMap { ImageSummary($0) }
    }

    /// `GET /networks`.
    package func networks(deadline: Deadline) async throws -> [NetworkSummary] {
        try await call(.GET, "/networks", deadline: deadline).json().elements.compactMap { NetworkSummary($0) }
    }

    /// `GET /volumes`.
    package func volumes(deadline: Deadline) async throws -> [VolumeSummary] {
        let json = try await call(.GET, "/volumes", deadline: deadline).json()
        return (json["Volumes"]?.elements ?? []).compactMap { VolumeSummary($0) }
    }

    /// `GET /events`, until the stream ends, `handle` throws, or the task is cancelled.
    ///
    /// The stream is read only as fast as `handle` returns. A stream that ends without an error
    /// means that the engine closed it.
    ///
    /// - Parameters:
    ///   - since: seconds since 1970, with an optional fraction: events from then on come first.
    ///   - filters: Docker's filters, by name.
    ///   - deadline: for the beginning of the answer only.
    ///   - onStart: called when the engine has accepted; events from then on are not missed.
    ///   - handle: called for each event, in the engine's order.
    /// - Throws: ``DockerAPIError``, ``DeadlineExceeded``, or what `handle` throws.
    package func events(
        since: String? = nil,
        filters: [String: [String]] = [:],
        deadline: Deadline,
        onStart: () async throws -> Void = {},
        _ handle: (EngineEvent) async throws -> Void
    ) async throws {
        let query = (since.map { [("since", $0)] } ?? []) + Self.query(filters: filters)
        let request = HTTPRequest(.GET, path("/events"), query: query)
        try await http.withResponse(to: request, deadline: deadline) { response in
            try await response.check()
            try await onStart()
            var lines = JSONLines()
            while let chunk = try await response.read() {
                for json in try lines.append(chunk) {
                    try await handle(EngineEvent(json))
                }
            }
        }
    }

    private static func query(filters: [String: [String]]) -> [(String, String)] {
        guard !filters.isEmpty else {
            return []
        }
        let members = filters.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) }
        return [("filters", JSONObject(members).json.text)]
    }
}
