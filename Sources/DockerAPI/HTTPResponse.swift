// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOCore
package import NIOHTTP1
internal import Synchronization

/// An answer whose body may still be on its way.
package final class HTTPResponse: ByteSource {
    package let status: Int
    package let reason: String
    package let headers: HTTPHeaders
    private let body: HTTPBodyReader
    private let pipe: BytePipe
    private let isUpgraded = Mutex(false)

    init(head: HTTPResponseHead, body: HTTPBodyReader, pipe: BytePipe) {
        status = Int(head.status.code)
        reason = head.status.reasonPhrase
        headers = head.headers
        self.body = body
        self.pipe = pipe
    }

    /// The next bytes of the body.
    package func read() async throws -> ByteBuffer? {
        try await body.read()
    }

    /// The rest of the body, of at most `limit` bytes.
    package func collect(limit: Int = 64 << 20) async throws -> [UInt8] {
        try await body.collect(limit: limit)
    }

    /// Throws ``DockerAPIError/refused(status:message:)`` for a status of 400 and above.
    package func check() async throws {
        guard status >= 400 else {
            return
        }
        let body = try await collect(limit: 1 << 20)
        throw DockerAPIError.refused(status: status, message: HTTPReply.errorMessage(in: body, status: status))
    }

    /// Whether the server has turned the connection into a raw stream.
    ///
    /// Engines do so with `101`, or, for clients that do not ask for an upgrade, with a `200` of
    /// type `application/vnd.docker.raw-stream` whose body has no end.
    package var isRawStream: Bool {
        status == 101 || (status == 200 && headers.isRawStream && hasNoLength)
    }

    /// The connection, from the first byte after the header on; it is not used again after the call.
    package func upgrade() -> BytePipe {
        isUpgraded.withLock { $0 = true }
        return pipe
    }

    /// Whether nothing of this answer is left on the connection, and it may carry another request.
    var leavesConnectionReusable: Bool {
        body.isComplete && !isUpgraded.withLock { $0 } && status != 101 && !headers.closesConnection
    }

    private var hasNoLength: Bool {
        headers["content-length"].isEmpty && headers["transfer-encoding"].isEmpty
    }
}

extension HTTPHeaders {
    /// Whether the type is one of those that engines give raw streams.
    package var isRawStream: Bool {
        (first(name: "content-type") ?? "").hasPrefix("application/vnd.docker.raw-stream")
            || (first(name: "content-type") ?? "").hasPrefix("application/vnd.docker.multiplexed-stream")
    }

    /// Whether the sender closes the connection after the message.
    package var closesConnection: Bool {
        self[canonicalForm: "connection"].contains { $0.lowercased() == "close" }
    }

    /// The protocol that a request wants to change to, or a response changes to.
    package var upgradeProtocol: String? {
        self[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" } ? first(name: "upgrade") : nil
    }
}
