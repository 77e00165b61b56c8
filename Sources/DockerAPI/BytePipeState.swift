// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOCore

/// What a ``BytePipe`` knows; changed only under its lock.
struct BytePipeState {
    var chunks = CircularBuffer<ByteBuffer>()
    var buffered = 0
    var isPaused = false
    var isEnded = false
    var isSecured = false
    var isOutputClosed = false
    var failure: (any Error)?
    var reader: CheckedContinuation<Void, Never>?
    var endWatcher: CheckedContinuation<Void, Never>?
    var onEnd: (@Sendable () -> Void)?
    private var stays = 0
    /// After so many writes that did not leave the thread others get their turn.
    private static let staysAtMost = 16

    /// Whether the writer may go on without giving others their turn; it has to do so now and then.
    mutating func mayStay() -> Bool {
        stays = stays < Self.staysAtMost ? stays + 1 : 0
        return stays > 0
    }

    enum Next {
        case chunk(ByteBuffer, resumes: Bool)
        case end
        case failed(any Error)
        case nothing
    }

    /// Takes the next chunk; bytes that arrived before the connection broke come first.
    mutating func next() -> Next {
        if let bytes = chunks.popFirst() {
            buffered -= bytes.readableBytes
            let resumes = isPaused && buffered < BytePipe.bufferLimit
            if resumes {
                isPaused = false
            }
            return .chunk(bytes, resumes: resumes)
        }
        if let failure {
            return .failed(failure)
        }
        return isEnded ? .end : .nothing
    }

    struct Waiting {
        let tasks: [CheckedContinuation<Void, Never>]
        let action: (@Sendable () -> Void)?

        func wake() {
            for task in tasks {
                task.resume()
            }
            action?()
        }
    }

    mutating func takeWaiting() -> Waiting {
        Waiting(tasks: [reader.take(), endWatcher.take()].compactMap(\.self), action: onEnd.take())
    }
}
