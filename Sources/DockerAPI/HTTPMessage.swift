// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOCore
package import NIOHTTP1

/// A request to an HTTP server: what goes into the first line and the header.
package struct HTTPRequest: Sendable {
    package var method: HTTPMethod
    /// Path and query, percent-encoded, beginning with `/`.
    package var target: String
    /// Without `Host`, `Content-Length`, `Transfer-Encoding` and `Expect`, which the client sets.
    package var headers: HTTPHeaders
    /// Asked on the connection's event loop right before the first byte goes out; when it throws,
    /// nothing is sent.
    ///
    /// For what may not be done any more by then: a dial, or a process that was frozen, takes its time.
    package var mayBeSent: (@Sendable () throws -> Void)?
    /// Called when the server asks for a streamed body, which is held back until then.
    ///
    /// Only for servers that are known to honour `Expect: 100-continue`; `nil` sends the body at once.
    package var onContinue: (@Sendable () -> Void)?

    package init(_ method: HTTPMethod, _ target: String, headers: HTTPHeaders = [:]) {
        self.method = method
        self.target = target
        self.headers = headers
    }

    /// A request with `query` percent-encoded and appended to `path`, in the order given.
    package init(_ method: HTTPMethod, _ path: String, query: [(String, String)], headers: HTTPHeaders = [:]) {
        let text = query.map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))" }
        self.init(method, text.isEmpty ? path : path + "?" + text.joined(separator: "&"), headers: headers)
    }
}

/// Bytes that arrive over time; read by one task at a time.
package protocol ByteSource: Sendable {
    /// The next bytes, never empty; `nil` at the end, and then for ever.
    func read() async throws -> ByteBuffer?
}

/// What follows the header of a message.
package enum HTTPBody: Sendable {
    case none
    case bytes([UInt8])
    /// Sent as fast as the peer takes it; in chunks when the length is not known.
    case stream(any ByteSource, length: Int?)

    package static func json(_ json: JSON) -> HTTPBody {
        .bytes(Array(json.bytes))
    }
}

/// A whole answer in memory.
package struct HTTPReply: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    package let body: [UInt8]

    package init(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The body as JSON.
    ///
    /// - Throws: ``DockerAPIError/refused(status:message:)`` for a status of 400 and above,
    ///   ``DockerAPIError/unexpectedAnswer(what:)`` when the body is no JSON.
    package func json() throws(DockerAPIError) -> JSON {
        try check()
        do {
            return try JSON(parsing: body)
        } catch {
            throw .unexpectedAnswer(what: error.message)
        }
    }

    /// Throws ``DockerAPIError/refused(status:message:)`` for a status of 400 and above.
    package func check() throws(DockerAPIError) {
        guard status < 400 else {
            throw .refused(status: status, message: Self.errorMessage(in: body, status: status))
        }
    }

    /// The `message` of Docker's error shape, else the body's text.
    package static func errorMessage(in body: [UInt8], status: Int) -> String {
        if let json = try? JSON(parsing: body), let message = json["message"]?.string {
            return message
        }
        let text = String(decoding: body.prefix(4096), as: UTF8.self)
        let trimmed = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        return trimmed.isEmpty ? "status \(status)" : String(trimmed)
    }
}
