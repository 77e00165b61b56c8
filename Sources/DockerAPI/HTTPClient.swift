// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
package import SwarmCore
internal import Synchronization

/// A pooled HTTP/1.1 client for one server: an engine, a manager, a discovery store.
package final class HTTPClient: Sendable {
    package let address: EngineAddress
    private let pool: ConnectionPool
    private let tls: TLSContexts?
    private let lastPeer: PeerNote

    /// Makes a client; the first connection is made by the first request.
    ///
    /// - Parameters:
    ///   - address: the server.
    ///   - tls: reads the files again when they change; `nil` connects without TLS.
    ///   - expectation: which certificates the server may show.
    ///   - limits: of the pool.
    ///   - group: where connections run.
    package init(
        address: EngineAddress,
        tls: TLSContexts? = nil,
        expecting expectation: PeerExpectation = .address,
        limits: PoolLimits = PoolLimits(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) {
        self.address = address
        self.tls = tls
        let note = PeerNote()
        lastPeer = note
        let dialer = Dialer(address: address, tls: tls, group: group, expectation: expectation) { note.set($0) }
        pool = ConnectionPool(dialer: dialer, limits: limits)
    }

    /// Who the server was at the last handshake; `nil` before, and unless nodes are expected.
    package var peer: EnginePeer? { lastPeer.peer }

    /// Sends a request and gives the answer to `handle` while its body still streams.
    ///
    /// The connection goes back to the pool when `handle` has read the answer to its end, and is
    /// closed when it has not. Cancellation closes it. A request is sent a second time only when a
    /// connection from the pool turned out to be dead before it answered, and the request changes
    /// nothing.
    ///
    /// - Parameters:
    ///   - request: first line and header.
    ///   - body: sent while `handle` already runs, when the server answers early.
    ///   - deadline: for the beginning of the answer; `nil` waits for ever.
    ///   - coversBody: whether `handle` too has to be done by the deadline.
    ///   - isShort: whether the answer is small: then a connection on this thread is preferred. Streams are better
    ///     off on different threads.
    ///   - isolation: where `handle` runs.
    ///   - handle: reads the answer; the response must not be kept beyond it.
    /// - Returns: what `handle` returns.
    /// - Throws: ``DockerAPIError``, ``DeadlineExceeded``, or what `handle` throws.
    package func withResponse<Result>(
        to request: HTTPRequest,
        body: HTTPBody = .none,
        deadline: Deadline? = nil,
        coversBody: Bool = false,
        isShort: Bool = false,
        isolation: isolated (any Actor)? = #isolation,
        _ handle: (HTTPResponse) async throws -> Result
    ) async throws -> Result {
        var lease = try await pool.lease(deadline: deadline, prefersThisThread: isShort)
        var exchange = HTTPExchange(
            request: request,
            body: body,
            address: address,
            deadlineCoversBody: coversBody,
            pipe: lease.pipe
        )
        if lease.isReused, exchange.isRepeatable {
            do {
                return try await run(exchange, lease, deadline, handle)
            } catch is HTTPExchange.NoAnswer {
                lease = try await pool.dial(deadline: deadline)
                exchange.pipe = lease.pipe
            }
        }
        do {
            return try await run(exchange, lease, deadline, handle)
        } catch let error as HTTPExchange.NoAnswer {
            throw explained(error.cause)
        }
    }

    /// A failure of TLS after the handshake is how a server refuses our certificate (RFC 8446, 4.4.2.4).
    private func explained(_ error: any Error) -> any Error {
        guard case DockerAPIError.handshakeFailed(let address, _) = error, let problem = tls?.ownProblem else {
            return error
        }
        return DockerAPIError.handshakeFailed(address: address, reason: problem)
    }

    private func run<Result>(
        _ exchange: HTTPExchange,
        _ lease: ConnectionPool.Lease,
        _ deadline: Deadline?,
        isolation: isolated (any Actor)? = #isolation,
        _ handle: (HTTPResponse) async throws -> Result
    ) async throws -> Result {
        let pipe = lease.pipe
        return try await withTaskCancellationHandler {
            do {
                let (result, isReusable) = try await exchange.run(deadline: deadline, handle)
                pool.giveBack(lease, isReusable: isReusable)
                return result
            } catch {
                pipe.close(error)
                pool.giveBack(lease, isReusable: false)
                throw explained(error)
            }
        } onCancel: {
            guard exchange.request.mayBeSent == nil else {
                // What may not be sent any more may not be delivered any more either.
                return pipe.abort(CancellationError())
            }
            pipe.close(CancellationError())
        }
    }

    /// Sends a request and takes the whole answer, of at most `limit` bytes, until `deadline`.
    package func reply(
        to request: HTTPRequest,
        body: HTTPBody = .none,
        limit: Int = 64 << 20,
        deadline: Deadline
    ) async throws -> HTTPReply {
        // The connection's own timer: a task that sleeps would stay until the deadline, answered or not.
        do {
            return try await withResponse(
                to: request,
                body: body,
                deadline: deadline,
                coversBody: true,
                isShort: true
            ) { response in
                let bytes = try await response.collect(limit: limit)
                return HTTPReply(status: response.status, headers: response.headers, body: bytes)
            }
        } catch DockerAPIError.cannotConnect where deadline.hasPassed {
            throw DeadlineExceeded(operation: "\(request.method) \(request.path) on \"\(address)\"")
        }
    }

    /// Closes idle connections: the next request makes a new one, whose certificate is verified anew.
    package func closeIdle() {
        pool.closeIdle()
    }

    /// Closes idle connections, and those in use as their calls end.
    package func shutdown() {
        pool.shutdown()
    }
}

/// The last one of several.
private final class PeerNote: Sendable {
    private let last = Mutex<EnginePeer?>(nil)

    var peer: EnginePeer? { last.withLock { $0 } }

    func set(_ peer: EnginePeer) { last.withLock { $0 = peer } }
}
