// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
package import NIOCore
package import NIOHTTP1
internal import Synchronization

/// Writes the one answer to a request.
package final class Responder: Sendable {
    private enum Progress: Equatable {
        case nothing
        case body(isChunked: Bool)
        case done
        case upgraded
    }

    /// Names the nodes that did not answer, in a list without their part.
    static let missingField = "X-Swarm-Missing-Nodes"
    private static let firstWithJSONErrors = APIVersion(major: 1, minor: 24)

    private let pipe: BytePipe
    private let isHead: Bool
    private let isHTTP10: Bool
    /// Whether the client is one from before errors were JSON, which came with version 1.24.
    private let wantsPlainErrors: Bool
    private let commonHeaders: HTTPHeaders
    private let progress = Mutex(Progress.nothing)
    private let sentStatus = Mutex(0)
    private let keepsConnection: Mutex<Bool>
    private let missing = Mutex<[String]>([])

    init(pipe: BytePipe, request: HTTPRequestHead, headers: HTTPHeaders) {
        self.pipe = pipe
        isHead = request.method == .HEAD
        isHTTP10 = request.version == .http1_0
        wantsPlainErrors = RequestTarget.version(of: request.uri).map { $0 < Self.firstWithJSONErrors } ?? false
        commonHeaders = headers
        keepsConnection = Mutex(request.isKeepAlive)
    }

    // MARK: What was sent

    /// Whether nothing was sent yet, so that an error can still be reported.
    package var isUnused: Bool {
        progress.withLock { $0 == .nothing }
    }

    var isUpgraded: Bool {
        progress.withLock { $0 == .upgraded }
    }

    /// Whether the connection can carry another request.
    var leavesConnectionReusable: Bool {
        progress.withLock { $0 == .done } && keepsConnection.withLock { $0 }
    }

    /// The status sent; 0 when there was none.
    var status: Int {
        sentStatus.withLock { $0 }
    }

    /// Announces that the connection closes after this answer.
    func closeAfterwards() {
        keepsConnection.withLock { $0 = false }
    }

    /// Notes that the answer lacks the part of a node; the header of an answer that was not begun names it.
    func addMissingNode(_ name: String) {
        missing.withLock { $0.append(name) }
    }

    /// The nodes whose part the answer lacks.
    var missingNodes: [String] {
        missing.withLock { $0 }
    }

    // MARK: Whole answers

    /// Sends an answer with a body in memory.
    package func send(status: Int = 200, headers: HTTPHeaders = [:], bytes: [UInt8]) async throws {
        let head = head(status: status, reason: nil, headers: headers, framing: .length(bytes.count))
        progress.withLock { $0 = .done }
        if isHead {
            try await pipe.write(head)
        } else {
            try await pipe.write(head, ByteBuffer(bytes: bytes))
        }
    }

    /// Sends JSON.
    package func send(status: Int = 200, json: JSON, headers: HTTPHeaders = [:]) async throws {
        var headers = headers
        headers.replaceOrAdd(name: "Content-Type", value: "application/json")
        try await send(status: status, headers: headers, bytes: Array(json.bytes) + [UInt8(ascii: "\n")])
    }

    /// Sends an answer without a body: `204`, `304` and their like.
    package func send(status: Int, headers: HTTPHeaders = [:]) async throws {
        let hasNoLength = status == 204 || status == 304
        let head = head(status: status, reason: nil, headers: headers, framing: hasNoLength ? .none : .length(0))
        progress.withLock { $0 = .done }
        try await pipe.write(head)
    }

    /// Sends an error in Docker's shape.
    package func send(_ error: any Error) async throws {
        let reply = ErrorReply(error)
        guard !wantsPlainErrors else {
            let headers: HTTPHeaders = [
                "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff",
            ]
            return try await send(status: reply.status, headers: headers, bytes: Array("\(reply.message)\n".utf8))
        }
        try await send(status: reply.status, json: ["message": JSON(reply.message)])
    }

    // MARK: Streamed answers

    /// Sends the header of an answer whose body follows with ``write(_:)`` and ``finish()``.
    ///
    /// - Parameters:
    ///   - status: of the answer.
    ///   - reason: as the engine wrote it; `nil` for the usual one.
    ///   - headers: without length and encoding.
    ///   - length: the number of bytes, when it is known.
    /// - Throws: when the client is gone.
    package func begin(
        status: Int = 200,
        reason: String? = nil,
        headers: HTTPHeaders,
        length: Int? = nil
    ) async throws {
        let framing: Framing = length.map { .length($0) } ?? (isHTTP10 ? .untilEnd : .chunked)
        let head = head(status: status, reason: reason, headers: headers, framing: framing)
        progress.withLock { $0 = .body(isChunked: framing == .chunked) }
        try await pipe.write(head)
    }

    /// Sends the next bytes of the body; returns when the client's side has taken them.
    package func write(_ bytes: ByteBuffer) async throws {
        guard !isHead else {
            return
        }
        if progress.withLock({ $0 == .body(isChunked: true) }) {
            try await HTTPMessageWriter(pipe: pipe).writeChunk(bytes)
        } else {
            try await pipe.write(bytes)
        }
    }

    /// Sends a line of JSON, as streams of events and progress are made of.
    package func writeLine(_ json: JSON) async throws {
        try await write(ByteBuffer(bytes: Array(json.bytes) + Array("\r\n".utf8)))
    }

    /// Ends the body.
    package func finish() async throws {
        let wasChunked = progress.withLock { progress in
            defer { progress = .done }
            return progress == .body(isChunked: true)
        }
        if wasChunked, !isHead {
            try await HTTPMessageWriter(pipe: pipe).writeLastChunk()
        }
    }

    /// Sends the header that turns the connection into a raw stream, and hands that over.
    package func upgrade(status: Int, reason: String, headers: HTTPHeaders) async throws -> BytePipe {
        let head = head(status: status, reason: reason, headers: headers, framing: .raw)
        progress.withLock { $0 = .upgraded }
        try await pipe.write(head)
        return pipe
    }

    // MARK: Headers

    private enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
        case untilEnd
        case raw
    }

    private func head(status: Int, reason: String?, headers: HTTPHeaders, framing: Framing) -> ByteBuffer {
        var fields = headers
        for field in commonHeaders where !fields.contains(name: field.name) {
            fields.add(name: field.name, value: field.value)
        }
        if !missingNodes.isEmpty {
            // Engines choose their names.
            let names = missingNodes.map { PercentEncoding.encode($0) }
            fields.replaceOrAdd(name: Self.missingField, value: names.joined(separator: ","))
        }
        switch framing {
        case .none, .raw: break
        case .length(let length): fields.replaceOrAdd(name: "Content-Length", value: String(length))
        case .chunked: fields.replaceOrAdd(name: "Transfer-Encoding", value: "chunked")
        case .untilEnd: closeAfterwards()
        }
        if framing != .raw, !keepsConnection.withLock({ $0 }) {
            fields.replaceOrAdd(name: "Connection", value: "close")
        }
        sentStatus.withLock { $0 = status }
        let phrase = reason ?? HTTPResponseStatus(statusCode: status).reasonPhrase
        return HTTPMessageWriter.head(firstLine: "HTTP/1.1 \(status) \(phrase)", headers: fields)
    }
}
