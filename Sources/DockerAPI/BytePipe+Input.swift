// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOCore
internal import Synchronization

/// What the channel's handler tells the pipe; called on the event loop.
extension BytePipe {
    /// Takes bytes from the socket; returns whether more may be read now.
    func receive(_ bytes: ByteBuffer) {
        let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.failure == nil else {
                return nil
            }
            state.chunks.append(bytes)
            state.buffered += bytes.readableBytes
            return state.reader.take()
        }
        reader?.resume()
    }

    /// Whether the handler may read now; when not, the next ``read()`` asks for it.
    func mayReadMore() -> Bool {
        state.withLock { state in
            state.isPaused = state.buffered >= Self.bufferLimit
            return !state.isPaused
        }
    }

    /// Notes that the TLS handshake is complete.
    func secure() {
        let reader = state.withLock { state in
            state.isSecured = true
            return state.reader.take()
        }
        reader?.resume()
    }

    /// Notes that the channel is closed, and no error came before.
    ///
    /// When our side was ended already, NIO does not tell the peer's end from the end of the
    /// connection: then this is how a clean end arrives.
    func finish(orFail error: any Error) {
        if state.withLock({ $0.isOutputClosed && $0.failure == nil }) {
            end()
        } else {
            fail(error, dropsInput: false)
        }
    }

    /// Notes that the peer has closed its sending side.
    func end() {
        let waiting = state.withLock { state in
            state.isEnded = true
            return state.takeWaiting()
        }
        waiting.wake()
    }

    func fail(_ error: any Error, dropsInput: Bool) {
        let waiting = state.withLock { state in
            if state.failure == nil {
                state.failure = error
            }
            if dropsInput {
                state.chunks.removeAll()
                state.buffered = 0
            }
            return state.takeWaiting()
        }
        waiting.wake()
    }
}
