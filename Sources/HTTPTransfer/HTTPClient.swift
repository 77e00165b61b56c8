// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

/// An HTTP client over libcurl: connection reuse, HTTP/2, proxies of the environment, mutual TLS.
///
/// One client serves any number of tasks at once; its transfers run on a thread of its own, never on
/// Swift's shared pool. Connections stay open between requests that agree on host and TLS files.
/// Releasing the client cancels what it still does.
package final class HTTPClient: HTTPSending {
    private let loop = TransferLoop()

    package init() {}

    deinit {
        loop.stop()
    }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let pipe = TransferPipe(endpoint: Endpoint.name(of: request), mode: .collect(limit: request.bodyLimit))
        return try await run(request, pipe) {
            let body = try await pipe.wholeBody()
            return HTTPResponse(head: try await pipe.head(), body: body)
        }
    }

    /// Sends `request` and hands the body to `consume` while it arrives.
    ///
    /// Back-pressure: the peer is read only as fast as `consume` takes the chunks, at most 256 KiB ahead. When
    /// `consume` returns or throws before the end, the transfer is aborted.
    ///
    /// - Parameters:
    ///   - request: its ``HTTPRequest/bodyLimit`` does not apply.
    ///   - consume: gets status and headers as soon as they are there, and the body.
    /// - Returns: what `consume` returns.
    /// - Throws: ``HTTPError``, `CancellationError`, or what `consume` throws.
    package func stream<Value: Sendable>(
        _ request: HTTPRequest,
        _ consume: (HTTPHead, HTTPBodyStream) async throws -> Value
    ) async throws -> Value {
        let pipe = TransferPipe(endpoint: Endpoint.name(of: request), mode: .stream)
        return try await run(request, pipe) {
            try await consume(pipe.head(), HTTPBodyStream(pipe: pipe, loop: loop))
        }
    }

    /// Sends `request` and writes the body of a successful response to the file `path`.
    ///
    /// The body goes to a temporary file beside it that is renamed at the end, so that `path` is whole or
    /// not there.
    ///
    /// - Parameters:
    ///   - request: what to get.
    ///   - path: the file to replace or make; its folder must exist.
    ///   - limit: the largest size written, in bytes.
    /// - Returns: status and headers; with a status that is no success, nothing is written.
    /// - Throws: ``HTTPError``, also for the file, or `CancellationError`.
    @discardableResult
    package func download(_ request: HTTPRequest, to path: String, limit: Int = Int.max) async throws -> HTTPHead {
        try await stream(request) { head, body in
            guard head.isSuccess else {
                return head
            }
            var file = try DownloadFile(for: path)
            var total = 0
            for try await chunk in body {
                total += chunk.count
                guard total <= limit else {
                    throw HTTPError.tooLarge(endpoint: Endpoint.name(of: request), limit: limit)
                }
                try file.write(chunk)
            }
            try file.commit()
            return head
        }
    }

    private func run<Value>(
        _ request: HTTPRequest,
        _ pipe: TransferPipe,
        _ body: () async throws -> Value
    ) async throws -> Value {
        try await withTaskCancellationHandler {
            try Task.checkCancellation()
            loop.start(request, pipe)
            // Ends a transfer that `body` left before its end; one that is over stays as it is.
            defer { loop.cancel(pipe) }
            return try await body()
        } onCancel: {
            loop.cancel(pipe)
        }
    }
}

/// The body of a response as it arrives, in chunks of any size.
///
/// For one reader, once.
package struct HTTPBodyStream: AsyncSequence, Sendable {
    let pipe: TransferPipe
    let loop: TransferLoop

    package struct AsyncIterator: AsyncIteratorProtocol {
        let pipe: TransferPipe
        let loop: TransferLoop

        package mutating func next() async throws -> [UInt8]? {
            let chunk = try await pipe.next()
            if pipe.takesMore() {
                loop.resume(pipe)
            }
            return chunk
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pipe: pipe, loop: loop) }
}
