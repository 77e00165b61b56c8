// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Synchronization

/// What one transfer has received and not yet handed over: the only thing that the loop's thread and
/// the task of the caller share.
///
/// Any number of writers, one reader.
final class TransferPipe: Sendable {
    /// Bytes held for the reader before the peer is told to wait.
    static let highWater = 256 << 10

    enum Mode: Sendable {
        /// The body is held until it is whole; larger than the limit, in bytes, is an error.
        case collect(limit: Int)
        case stream
    }

    /// What the writer shall do next.
    enum Verdict {
        case goOn, pause, abort
    }

    private struct State {
        var head: HTTPHead?
        var body: [UInt8] = []
        var outcome: Result<Void, any Error>?
        var isPaused = false
        var isCancelled = false
        /// How many changes there were that a reader may wait for.
        var changes = 0
        var waiter: CheckedContinuation<Void, Never>?

        /// Notes a change, and returns the reader when it waits for one.
        mutating func changed() -> CheckedContinuation<Void, Never>? {
            changes += 1
            defer { waiter = nil }
            return waiter
        }
    }

    let endpoint: String
    private let mode: Mode
    private let state = Mutex(State())

    init(endpoint: String, mode: Mode) {
        self.endpoint = endpoint
        self.mode = mode
    }

    // MARK: The writer's side: on the loop's thread

    func receive(_ head: HTTPHead) {
        state.withLock { state in
            state.head = head
            return state.changed()
        }?.resume()
    }

    /// Takes `bytes`, or none of them when the verdict is not ``Verdict/goOn``.
    func receive(_ bytes: [UInt8]) -> Verdict {
        let (verdict, waiter) = state.withLock { state -> (Verdict, CheckedContinuation<Void, Never>?) in
            switch mode {
            case .collect(let limit) where state.body.count + bytes.count > limit:
                state.outcome = .failure(HTTPError.tooLarge(endpoint: endpoint, limit: limit))
                return (.abort, state.changed())
            case .stream where state.body.count >= Self.highWater:
                state.isPaused = true
                return (.pause, nil)
            case .collect:
                state.body += bytes
                return (.goOn, nil)
            case .stream:
                state.body += bytes
                return (.goOn, state.changed())
            }
        }
        waiter?.resume()
        return verdict
    }

    /// Ends the pipe; only the first outcome counts.
    func finish(_ outcome: Result<Void, any Error>) {
        state.withLock { state in
            state.outcome = state.outcome ?? outcome
            return state.changed()
        }?.resume()
    }

    // MARK: Both sides

    /// Remembers that nobody wants the transfer any more, also when it has not begun.
    func cancel() {
        state.withLock { $0.isCancelled = true }
    }

    var isCancelled: Bool { state.withLock(\.isCancelled) }

    // MARK: The reader's side

    /// Waits for status and headers.
    func head() async throws -> HTTPHead {
        try await wait { state in
            if let head = state.head {
                return .success(head)
            }
            return state.outcome.map { outcome in
                outcome.flatMap {
                    .failure(HTTPError.malformedResponse(endpoint: self.endpoint, detail: "there was no status"))
                }
            }
        }
    }

    /// Waits for more of the body and takes all that is there; `nil` at the end.
    func next() async throws -> [UInt8]? {
        try await wait { state in
            if !state.body.isEmpty {
                defer { state.body = [] }
                return .success(state.body)
            }
            return state.outcome.map { $0.map { nil } }
        }
    }

    /// Waits for the end and takes the whole body.
    func wholeBody() async throws -> [UInt8] {
        try await wait { state in
            state.outcome.map { outcome in
                outcome.map {
                    defer { state.body = [] }
                    return state.body
                }
            }
        }
    }

    /// Whether the writer paused and may go on now; true once for each pause.
    func takesMore() -> Bool {
        state.withLock { state in
            guard state.isPaused, state.body.count < Self.highWater else {
                return false
            }
            state.isPaused = false
            return true
        }
    }

    /// Returns what `ready` finds as soon as it finds something; it is asked again after each change.
    ///
    /// Cancellation needs no handler here: it ends the transfer, and that is a change.
    private func wait<Value>(_ ready: (inout State) -> Result<Value, any Error>?) async throws -> Value {
        while true {
            let (result, seen) = state.withLock { (ready(&$0), $0.changes) }
            if let result {
                return try result.get()
            }
            await withCheckedContinuation { continuation in
                // Between the two locks something may have come; `ready` takes what it finds, so it is not asked here.
                let hasChanged = state.withLock { state in
                    guard state.changes == seen else {
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if hasChanged {
                    continuation.resume()
                }
            }
        }
    }
}
