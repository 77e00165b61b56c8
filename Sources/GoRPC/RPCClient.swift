// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Dispatch
package import SwarmCore
internal import Synchronization

/// The client's end of Go's net/rpc: calls by name over one connection, several at the same time.
///
/// Replies may come in any order. The connection is read by a thread of its own; it ends with
/// ``close()``, or when the other side hangs up, and every call that waits then fails.
package final class RPCClient: Sendable {
    private typealias Completion = @Sendable (Result<GobDynamic, GoRPCError>) -> Void

    private struct State {
        var encoder = GobEncoder()
        var sequence: UInt64 = 0
        var waiting: [UInt64: (method: String, completion: Completion)] = [:]
        var failure: GoRPCError?
    }

    static let request = GobType.structure(
        name: "Request",
        fields: [GobField("ServiceMethod", .string), GobField("Seq", .unsigned)]
    )

    private let socket: LoopbackSocket
    private let state = Mutex(State())

    /// Connects and shakes hands.
    ///
    /// Blocks for the time of a handshake on this host, ten seconds at most.
    ///
    /// - Parameter port: of 127.0.0.1, 1 to 65535.
    /// - Throws: ``GoRPCError/connection(problem:)``.
    package init(port: UInt16) throws(GoRPCError) {
        let socket = try LoopbackSocket(port: port)
        self.socket = socket
        try socket.write(Array("CONNECT /_goRPC_ HTTP/1.0\n\n".utf8))
        // Go's server drops what has come before it answers: no call may be sent earlier.
        socket.limitReads(seconds: 10)
        let early = try MessageSource.skipHandshake(on: socket)
        socket.limitReads(seconds: 0)
        let thread = DispatchQueue(label: "swarmctl.gorpc")
        thread.async { [weak self] in
            let failure = Self.read(from: socket, after: early) { self?.finish($0, $1, error: $2) != nil }
            self?.fail(failure)
        }
    }

    deinit {
        socket.shutDown()
    }

    /// Ends the connection; calls that wait fail.
    package func close() {
        socket.shutDown()
        fail(.connection(problem: "it was closed"))
    }

    /// Calls a method.
    ///
    /// - Parameters:
    ///   - method: as in `RPCServerDriver.GetState`.
    ///   - argument: what it takes.
    ///   - deadline: when the wait for the reply ends; the other side is not told.
    /// - Returns: the reply.
    /// - Throws: ``GoRPCError``, `DeadlineExceeded`, `CancellationError`.
    package func call(_ method: String, _ argument: GobDynamic, deadline: Deadline) async throws -> GobDynamic {
        try await withDeadline(deadline, operation: "waiting for \(method)") {
            let reply = Reply()
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    reply.wait(continuation)
                    self.begin(method, argument) { reply.end($0.mapError { $0 }) }
                }
            } onCancel: {
                reply.end(.failure(CancellationError()))
            }
        }
    }

    /// Sends a request.
    ///
    /// - Parameters:
    ///   - method: as in `RPCServerDriver.GetState`.
    ///   - argument: what it takes.
    ///   - completion: called once, on any thread.
    package func begin(
        _ method: String,
        _ argument: GobDynamic,
        completion: @escaping @Sendable (Result<GobDynamic, GoRPCError>) -> Void
    ) {
        let failure = state.withLock { state -> GoRPCError? in
            if let failure = state.failure {
                return failure
            }
            let sequence = state.sequence
            state.sequence += 1
            var members = [GobMember(0, "ServiceMethod", .string(method))]
            if sequence > 0 {
                members.append(GobMember(1, "Seq", .unsigned(sequence)))
            }
            do throws(GoRPCError) {
                let head = try state.encoder.encode(.structure(members), as: Self.request)
                let body = try state.encoder.encode(argument.value, as: argument.type)
                state.waiting[sequence] = (method, completion)
                // In the lock, so that requests do not mix.
                try socket.write(head + body)
                return nil
            } catch {
                state.waiting[sequence] = nil
                state.failure = error
                return error
            }
        }
        if let failure {
            completion(.failure(failure))
            fail(failure)
        }
    }

    private func finish(_ sequence: UInt64, _ body: GobDynamic, error: String) {
        let call = state.withLock { $0.waiting.removeValue(forKey: sequence) }
        guard let call else {
            return
        }
        call.completion(error.isEmpty ? .success(body) : .failure(.remote(method: call.method, text: error)))
    }

    private func fail(_ failure: GoRPCError) {
        let calls = state.withLock { state in
            state.failure = state.failure ?? failure
            defer { state.waiting = [:] }
            return state.waiting
        }
        calls.values.forEach { $0.completion(.failure(failure)) }
    }

    // MARK: Reading

    /// Reads replies until the connection ends or nobody wants them.
    ///
    /// - Returns: why it ended.
    private static func read(
        from socket: LoopbackSocket,
        after early: [UInt8],
        onReply: (UInt64, GobDynamic, String) -> Bool
    ) -> GoRPCError {
        let source = MessageSource(socket, early)
        do {
            var decoder = GobDecoder(nextMessage: source.next)
            while let head = try decoder.next() {
                guard case .structure = head.value, let body = try decoder.next() else {
                    return .malformed(problem: "a reply without a head")
                }
                let sequence: UInt64
                if case .unsigned(let number) = head.value["Seq"] {
                    sequence = number
                } else {
                    sequence = 0
                }
                guard onReply(sequence, body, head.value["Error"]?.string ?? "") else {
                    break
                }
            }
            return .connection(problem: "the other side hung up")
        } catch let error as GoRPCError {
            return error
        } catch {
            return .connection(problem: "\(error)")
        }
    }
}

/// The end of one call: by its reply, or by cancellation, whichever is first.
private final class Reply: Sendable {
    private struct State {
        var continuation: CheckedContinuation<GobDynamic, any Error>?
        var result: Result<GobDynamic, any Error>?
    }

    private let state = Mutex(State())

    func wait(_ continuation: CheckedContinuation<GobDynamic, any Error>) {
        let early = state.withLock { state -> Result<GobDynamic, any Error>? in
            if state.result == nil {
                state.continuation = continuation
            }
            return state.result
        }
        if let early {
            continuation.resume(with: early)
        }
    }

    func end(_ result: Result<GobDynamic, any Error>) {
        let waiting = state.withLock { state -> CheckedContinuation<GobDynamic, any Error>? in
            guard state.result == nil else {
                return nil
            }
            state.result = result
            defer { state.continuation = nil }
            return state.continuation
        }
        waiting?.resume(with: result)
    }
}

/// Cuts what comes from a socket into messages; used by one thread.
private final class MessageSource {
    private static let welcome = "HTTP/1.0 200 Connected to Go RPC\n\n"

    private let socket: LoopbackSocket
    private var buffer: [UInt8] = []

    /// - Parameters:
    ///   - socket: where messages come from.
    ///   - early: what was read of it already.
    init(_ socket: LoopbackSocket, _ early: [UInt8]) {
        self.socket = socket
        buffer = early
    }

    /// Waits for the answer to the request for a connection; returns what came behind it.
    static func skipHandshake(on socket: LoopbackSocket) throws(GoRPCError) -> [UInt8] {
        var buffer: [UInt8] = []
        while buffer.count < welcome.utf8.count {
            let more = try socket.read()
            guard !more.isEmpty else {
                throw GoRPCError.connection(problem: "the other side hung up")
            }
            buffer += more
        }
        guard buffer.starts(with: welcome.utf8) else {
            throw GoRPCError.connection(problem: "the other side does not speak Go's RPC")
        }
        return Array(buffer.dropFirst(welcome.utf8.count))
    }

    func next() throws -> [UInt8]? {
        while true {
            if let (message, length) = try GobFrame.split(buffer[...]) {
                defer { buffer.removeFirst(length) }
                return Array(message)
            }
            let isBetween = buffer.isEmpty
            let more = try socket.read()
            guard !more.isEmpty else {
                guard isBetween else {
                    throw GoRPCError.truncated
                }
                return nil
            }
            buffer += more
        }
    }
}
