// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
package import NIOHTTP1
internal import SwarmCore

/// A request as the routes see it.
package struct GatewayRequest: Sendable {
    /// The largest body that a route takes into memory, in bytes.
    package static let jsonLimit = 16 << 20
    /// The longest wait for such a body.
    static let bodyTime = Duration.seconds(60)

    package let id: String
    package let method: HTTPMethod
    /// As in the first line: path and query, percent-encoded.
    package let target: String
    /// The decoded segments of the path, without a version in front.
    package let segments: [String]
    /// The version in the path.
    package let version: APIVersion?
    /// Names and values in order, decoded.
    package var query: [(name: String, value: String)]
    package let headers: HTTPHeaders
    package let body: HTTPBodyReader
    /// The number of bytes in the body; `nil` when it comes in chunks.
    package let bodyLength: Int?
    /// What the route's variable stands for.
    package var name = ""
    /// Who sends it, or has it sent on.
    package let caller: Caller
    /// Takes the place of ``body``, which was read to decide about the request.
    var readBody: [UInt8]?
    /// Where it went, for the audit log.
    let trail = AuditTrail()
    private let pipe: BytePipe

    /// Reads the first line and the header.
    ///
    /// - Throws: ``GatewayError/badRequest(_:)``.
    init(
        id: String,
        head: HTTPRequestHead,
        body: HTTPBodyReader,
        pipe: BytePipe,
        sender: Caller
    ) throws(GatewayError) {
        self.id = id
        caller = try Self.caller(head.headers, sender: sender)
        self.body = body
        self.pipe = pipe
        method = head.method
        target = head.uri
        headers = head.headers
        bodyLength = Self.length(head.headers)
        let parsed = try RequestTarget(head.uri)
        version = parsed.version
        segments = parsed.segments
        query = parsed.query
    }

    /// Whom the request is from, when a manager sends it on.
    private static func caller(_ headers: HTTPHeaders, sender: Caller) throws(GatewayError) -> Caller {
        let claims = headers[Caller.headerField]
        guard let claim = claims.first else {
            return sender
        }
        guard sender.maySpeakForOthers, claims.count == 1, let caller = Caller(headerValue: claim, from: sender) else {
            throw .notAllowed("\(sender.description) may not send requests of others")
        }
        return caller
    }

    private static func length(_ headers: HTTPHeaders) -> Int? {
        guard headers["transfer-encoding"].isEmpty else {
            return nil
        }
        return headers.first(name: "content-length").flatMap { Int($0) } ?? 0
    }

    /// The IP address that it comes from; empty for a socket in the file system.
    var host: String { pipe.remoteHost }

    /// Who sends it.
    package func peer() async -> PeerIdentity { caller.identity(of: await pipe.peer()) }

    // MARK: Query

    /// The first value with that name; `nil` when it is not there.
    package subscript(name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    /// A switch as Go reads it: anything but nothing, `0`, `no`, `false` and `none` is on.
    package func flag(_ name: String) -> Bool {
        guard let value = self[name]?.lowercased() else {
            return false
        }
        return !["", "0", "no", "false", "none"].contains(value)
    }

    /// Sets or, with `nil`, removes a parameter.
    package mutating func set(_ name: String, _ value: String?) {
        query.removeAll { $0.name == name }
        if let value {
            query.append((name: name, value: value))
        }
    }

    /// The query as the client wrote it.
    package var pairs: [(String, String)] {
        query.map { ($0.name, $0.value) }
    }

    // MARK: Body

    /// The whole body.
    ///
    /// - Throws: ``DockerAPIError/tooLarge(what:limit:)``, ``GatewayError/requestTimeout``.
    package func bytes(limit: Int = jsonLimit) async throws -> [UInt8] {
        if let readBody {
            return readBody
        }
        if let bodyLength, bodyLength > limit {
            throw DockerAPIError.tooLarge(what: "the body", limit: limit)
        }
        let body = body
        // Mostly it comes with the header.
        if let arrived = body.collectArrived(limit: limit) {
            return arrived
        }
        do {
            return try await withDeadline(.after(Self.bodyTime), operation: "reading the request") {
                try await body.collect(limit: limit)
            }
        } catch is DeadlineExceeded {
            throw GatewayError.requestTimeout
        }
    }

    /// The body as JSON; an empty one counts as an empty object.
    package func json() async throws -> JSON {
        let bytes = try await bytes()
        return bytes.isEmpty ? .emptyObject : try JSON(parsing: bytes)
    }

    /// The body as it comes, to be sent on.
    package var passedOnBody: HTTPBody {
        if let readBody {
            return readBody.isEmpty ? .none : .bytes(readBody)
        }
        return bodyLength == 0 ? .none : .stream(body, length: bodyLength)
    }

    /// Whether the answer may turn the connection into a raw stream.
    package var wantsUpgrade: Bool {
        headers.upgradeProtocol != nil
    }
}
