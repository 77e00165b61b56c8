// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOCore
internal import NIOHTTP1
package import SwarmCore

/// One request and its answer on one connection.
struct HTTPExchange {
    let request: HTTPRequest
    let body: HTTPBody
    let address: EngineAddress
    /// Whether the deadline is for all of the answer, not for its beginning alone.
    let deadlineCoversBody: Bool
    var pipe: BytePipe

    /// The connection ended before the first byte of an answer.
    struct NoAnswer: Error {
        let cause: any Error
    }

    /// Whether sending it twice does no harm.
    var isRepeatable: Bool {
        guard case .none = body else {
            return false
        }
        return request.method == .GET || request.method == .HEAD
    }

    /// Sends the request, and gives the answer to `handle` while the body may still be on its way.
    ///
    /// - Returns: what `handle` returns, and whether the connection can carry another request.
    func run<Result>(
        deadline: Deadline?,
        isolation: isolated (any Actor)? = #isolation,
        _ handle: (HTTPResponse) async throws -> Result
    ) async throws -> (Result, isReusable: Bool) {
        let timer = deadline.map { deadline in
            pipe.scheduleClose(at: deadline.nio, DeadlineExceeded(operation: operation))
        }
        defer { timer?.cancel() }
        guard case .stream(let source, let length) = body else {
            try await sendHeadAndBytes()
            let response = try await response()
            if !deadlineCoversBody {
                timer?.cancel()
            }
            let result = try await handle(response)
            return (result, response.leavesConnectionReusable)
        }
        let (permissions, permission) = AsyncStream<Void>.makeStream()
        if request.onContinue == nil {
            permission.yield()
        }
        return try await withThrowingTaskGroup(of: Bool.self) { uploads in
            uploads.addTask { try await upload(source, length: length, after: permissions) }
            // Leaving the group waits for the upload: it must not wait for a source that is silent.
            defer { uploads.cancelAll() }
            let response = try await response {
                request.onContinue?()
                permission.yield()
            }
            permission.finish()
            if !deadlineCoversBody {
                timer?.cancel()
            }
            let result = try await handle(response)
            let isReusable = response.leavesConnectionReusable
            guard isReusable else {
                return (result, false)
            }
            return (result, try await uploads.next() ?? false)
        }
    }

    /// Returns whether all of the body was sent.
    ///
    /// A server may answer, and close, before it has read everything: that is no error here, because
    /// its answer says what is wrong. An error of the source ends the exchange.
    private func upload(
        _ source: any ByteSource,
        length: Int?,
        after permissions: AsyncStream<Void>
    ) async throws -> Bool {
        let writer = HTTPMessageWriter(pipe: pipe)
        let body = BodyInFlight(source: source)
        do {
            try await pipe.write([head(length: length, hasBody: true)], onlyIf: request.mayBeSent)
            guard await permissions.first(where: { true }) != nil else {
                return false
            }
            try await writer.writeBody(body, length: length)
            return true
        } catch let error as BytePipe.NotAllowed {
            // Nothing was sent, and nothing will be answered.
            pipe.close(error.cause)
            return false
        } catch {
            if let cause = body.failure ?? (error as? DockerAPIError).flatMap({ $0.isMalformed ? $0 : nil }) {
                pipe.close(cause)
            }
            return false
        }
    }

    private func sendHeadAndBytes() async throws {
        do {
            if case .bytes(let bytes) = body {
                let parts = [head(length: bytes.count, hasBody: true), ByteBuffer(bytes: bytes)]
                try await pipe.write(parts, onlyIf: request.mayBeSent)
            } else {
                let head = head(length: 0, hasBody: request.method != .GET && request.method != .HEAD)
                try await pipe.write([head], onlyIf: request.mayBeSent)
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch let error as BytePipe.NotAllowed {
            throw error.cause
        } catch {
            // The server may have answered before it closed.
            guard pipe.hasInput else {
                throw NoAnswer(cause: error)
            }
        }
    }

    private func head(length: Int?, hasBody: Bool) -> ByteBuffer {
        var headers = request.headers
        headers.replaceOrAdd(name: "Host", value: Self.hostField(address))
        headers.remove(name: "Content-Length")
        headers.remove(name: "Transfer-Encoding")
        headers.remove(name: "Expect")
        if case .stream = body, request.onContinue != nil {
            headers.add(name: "Expect", value: "100-continue")
        }
        if hasBody {
            if let length {
                headers.add(name: "Content-Length", value: String(length))
            } else {
                headers.add(name: "Transfer-Encoding", value: "chunked")
            }
        }
        return HTTPMessageWriter.head(
            firstLine: "\(request.method.rawValue) \(request.target) HTTP/1.1",
            headers: headers
        )
    }

    private static func hostField(_ address: EngineAddress) -> String {
        switch address {
        case .tcp: address.description
        case .unix: "docker"
        }
    }

    private func response(onContinue: () -> Void = {}) async throws -> HTTPResponse {
        let reader = HTTPMessageReader(pipe: pipe)
        while true {
            guard let head = try await firstHead(reader) else {
                let cause = DockerAPIError.connectionLost(address: "\(address)", reason: "closed without an answer")
                throw NoAnswer(cause: cause)
            }
            let status = Int(head.status.code)
            // Interim answers, as `100 Continue`, come before the one that counts.
            guard status >= 200 || status == 101 else {
                if status == 100 {
                    onContinue()
                }
                continue
            }
            let decoder = try HTTPBodyDecoder(responseTo: request.method, status: status, headers: head.headers)
            return HTTPResponse(head: head, body: HTTPBodyReader(pipe: pipe, decoder: decoder), pipe: pipe)
        }
    }

    private func firstHead(_ reader: HTTPMessageReader) async throws -> HTTPResponseHead? {
        do {
            return try await reader.responseHead()
        } catch let error as DockerAPIError {
            guard case .connectionLost = error else {
                throw error
            }
            throw NoAnswer(cause: error)
        }
    }

    private var operation: String {
        "\(request.method) \(request.path) on \"\(address)\""
    }
}

extension HTTPRequest {
    /// The target without its query, which may hold secrets.
    package var path: Substring {
        target.prefix { $0 != "?" }
    }
}

extension DockerAPIError {
    fileprivate var isMalformed: Bool {
        if case .malformedMessage = self {
            return true
        }
        return false
    }
}

extension Deadline {
    /// The same instant on NIO's clock.
    package var nio: NIODeadline {
        .now() + .milliseconds(Int64(remainingMilliseconds))
    }
}
