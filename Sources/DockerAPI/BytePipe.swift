// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOCore
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// One connection as two streams of bytes, with back-pressure and half-close both ways.
///
/// The only form in which the manager handles connections: HTTP is read from and written to it
/// (``HTTPMessageReader``), and what is left after an upgrade is the same pipe. Bytes are read from
/// the socket only while fewer than ``bufferLimit`` wait to be taken, and a write ends when the
/// system has taken the bytes; so a slow peer slows the other side and costs no memory.
package final class BytePipe: ByteSource {
    /// How many bytes may wait to be read before the socket is left alone, plus one burst of reads.
    static let bufferLimit = 256 << 10

    /// How many bytes at most are written without leaving the thread.
    private static let shortWrite = 16 << 10

    /// Grows to as much at a time as a stream that is passed on needs: with 64 KiB, more than half of the work of a copy
    /// is waking the other side up.
    package static let streamAllocator = AdaptiveRecvByteBufferAllocator(
        minimum: 64,
        initial: 2048,
        maximum: 256 << 10
    )

    package let channel: any Channel
    let state = Mutex(BytePipeState())

    init(channel: any Channel) {
        self.channel = channel
    }

    /// Makes `channel` a pipe, the last handler of its pipeline; called on its event loop.
    package static func install(on channel: any Channel) throws -> BytePipe {
        let pipe = BytePipe(channel: channel)
        try channel.pipeline.syncOperations.addHandler(BytePipeHandler(pipe: pipe))
        return pipe
    }

    // MARK: Reading

    /// The next bytes; `nil` when the peer has closed its sending side.
    ///
    /// One task at a time may read. Cancellation ends the wait and leaves the pipe as it is.
    ///
    /// - Throws: ``DockerAPIError/connectionLost(address:reason:)`` when the connection broke, the
    ///   error given to ``close(_:)`` when it was closed, or `CancellationError`.
    package func read() async throws -> ByteBuffer? {
        while true {
            switch state.withLock({ $0.next() }) {
            case .chunk(let bytes, let resumes):
                if resumes {
                    channel.read()
                }
                return bytes
            case .end:
                return nil
            case .failed(let error):
                throw error
            case .nothing:
                try Task.checkCancellation()
                await waitForInput()
            }
        }
    }

    /// The next bytes, if some wait to be read.
    func readArrived() -> ByteBuffer? {
        guard case .chunk(let bytes, let resumes) = state.withLock({ $0.chunks.isEmpty ? .nothing : $0.next() }) else {
            return nil
        }
        if resumes {
            channel.read()
        }
        return bytes
    }

    /// Puts `bytes` back, to be the next that are read.
    package func unread(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else {
            return
        }
        state.withLock {
            $0.chunks.prepend(bytes)
            $0.buffered += bytes.readableBytes
        }
    }

    /// Waits until the peer has closed its sending side or the connection broke, reading ahead no
    /// more than the buffer takes.
    ///
    /// One task at a time may wait. Returns early when the task is cancelled.
    package func waitForEnd() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !state.isEnded, state.failure == nil, !Task.isCancelled else {
                        return true
                    }
                    state.endWatcher = continuation
                    return false
                }
                if isOver {
                    continuation.resume()
                }
            }
        } onCancel: {
            state.withLock { $0.endWatcher.take() }?.resume()
        }
    }

    /// Whether the peer can send nothing any more, though bytes may still wait to be read.
    package var isEnded: Bool {
        state.withLock { $0.isEnded || $0.failure != nil }
    }

    /// Whether bytes wait to be read.
    package var hasInput: Bool {
        state.withLock { !$0.chunks.isEmpty }
    }

    /// The error that broke or closed the connection.
    package var failure: (any Error)? {
        state.withLock { $0.failure }
    }

    /// Calls `action` once, when the peer ends or the connection breaks; `nil` withdraws it.
    ///
    /// Returns false, and does not call it, when that has happened already.
    @discardableResult
    package func whenEnded(_ action: (@Sendable () -> Void)?) -> Bool {
        state.withLock { state in
            let isOver = state.isEnded || state.failure != nil
            state.onEnd = isOver ? nil : action
            return !isOver
        }
    }

    private func waitForInput(orHandshake: Bool = false) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    guard state.chunks.isEmpty, !state.isEnded, state.failure == nil, !Task.isCancelled,
                        !(orHandshake && state.isSecured)
                    else {
                        return true
                    }
                    state.reader = continuation
                    return false
                }
                if isReady {
                    continuation.resume()
                }
            }
        } onCancel: {
            state.withLock { $0.reader.take() }?.resume()
        }
    }

    /// Waits for the end of the TLS handshake.
    ///
    /// - Throws: as ``read()``.
    package func handshake() async throws {
        while true {
            let isOver = try state.withLock { state in
                if let failure = state.failure {
                    throw failure
                }
                return state.isSecured || !state.chunks.isEmpty
            }
            if isOver {
                return
            }
            try Task.checkCancellation()
            await waitForInput(orHandshake: true)
        }
    }

    // MARK: Writing

    /// Sends `parts` in order; returns when the system has taken them.
    ///
    /// Cancellation closes the pipe: what was half sent cannot be continued.
    ///
    /// - Throws: as ``read()``.
    package func write(_ parts: ByteBuffer...) async throws {
        try await write(parts, onlyIf: nil)
    }

    /// What was to be sent was not, because its condition threw.
    struct NotAllowed: Error {
        let cause: any Error
    }

    /// Sends `parts` unless `condition`, asked on the event loop right before, throws.
    ///
    /// - Throws: ``NotAllowed``; else as ``read()``.
    func write(_ parts: [ByteBuffer], onlyIf condition: (@Sendable () throws -> Void)?) async throws {
        let channel = channel
        let size = parts.reduce(0) { $0 + $1.readableBytes }
        // On the connection's own thread a short write is done when it returns: nobody has to be woken for it.
        guard size <= Self.shortWrite, channel.eventLoop.inEventLoop, !Task.isCancelled,
            state.withLock({ $0.mayStay() })
        else {
            return try await forwardingFailure {
                try await channel.eventLoop.flatSubmit { self.start(parts, onlyIf: condition) }.get()
            }
        }
        let outcome = WriteOutcome()
        let written = start(parts, onlyIf: condition)
        written.whenComplete { outcome.set($0) }
        if let result = outcome.result {
            try result.mapError { failure ?? $0 }.get()
        } else {
            try await forwardingFailure { try await written.get() }
        }
    }

    /// Hands bytes to the channel; called on its event loop.
    private func start(_ parts: [ByteBuffer], onlyIf condition: (@Sendable () throws -> Void)?) -> EventLoopFuture<Void>
    {
        do {
            try condition?()
        } catch {
            return channel.eventLoop.makeFailedFuture(NotAllowed(cause: error))
        }
        for part in parts.dropLast() {
            channel.write(part, promise: nil)
        }
        return channel.writeAndFlush(parts.last ?? ByteBuffer())
    }

    /// What came of a write, once it is known.
    private final class WriteOutcome: Sendable {
        private let state = Mutex<Result<Void, any Error>?>(nil)

        var result: Result<Void, any Error>? { state.withLock { $0 } }

        func set(_ result: Result<Void, any Error>) { state.withLock { $0 = result } }
    }

    /// Ends the connection at once, and makes the system throw away what it has not delivered yet.
    ///
    /// After ``close(_:)`` the system goes on delivering what was written.
    package func abort(_ error: any Error) {
        let channel = channel
        channel.eventLoop.execute {
            // A linger time of zero: reset instead of the usual end.
            _ = (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            self.close(error)
        }
    }

    /// Tells the peer that nothing more will be sent: `close_notify` with TLS, and FIN.
    package func closeOutput() async throws {
        let channel = channel
        state.withLock { $0.isOutputClosed = true }
        do {
            try await forwardingFailure { try await channel.close(mode: .output).get() }
        } catch ChannelError.outputClosed {
            // It was closed before: nothing to do.
        }
    }

    /// Ends the connection at once; reads and writes throw `error` from now on.
    package func close(_ error: any Error) {
        fail(error, dropsInput: true)
        channel.close(mode: .all, promise: nil)
    }

    /// Sends what was written, then ends the connection; the peer's answer is not waited for.
    package func close() {
        close(ChannelError.alreadyClosed)
    }

    /// Closes the pipe with `error` at `deadline`, unless the result is cancelled before.
    package func scheduleClose(
        at deadline: NIODeadline,
        _ error: @autoclosure @escaping @Sendable () -> any Error
    ) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(deadline: deadline) { self.close(error()) }
    }

    private func forwardingFailure(_ body: () async throws -> Void) async throws {
        do {
            try await withTaskCancellationHandler(operation: body) {
                close(CancellationError())
            }
        } catch {
            throw failure ?? error
        }
    }
}
