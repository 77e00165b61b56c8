// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOCore
internal import Synchronization

/// Passes buffers from one task to another, one at a time: the sender waits for the receiver.
final class Handoff: ByteSource {
    private struct State {
        var item: ByteBuffer?
        var isFinished = false
        var isClosed = false
        var failure: (any Error)?
        var reader: CheckedContinuation<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Gives `bytes` to the reader; returns when the slot is free again, or the reader has closed.
    func send(_ bytes: ByteBuffer) async {
        await waitUntil(writing: true) { $0.item == nil || $0.isClosed }
        let reader = state.withLock { state in
            if !state.isClosed {
                state.item = bytes
            }
            return state.reader.take()
        }
        reader?.resume()
    }

    /// Ends the bytes, with an error when they are not complete.
    func finish(_ failure: (any Error)? = nil) {
        let reader = state.withLock { state in
            state.isFinished = true
            state.failure = failure
            return state.reader.take()
        }
        reader?.resume()
    }

    /// Tells the sender that nothing more is wanted.
    func close() {
        let writer = state.withLock { state in
            state.isClosed = true
            state.item = nil
            return state.writer.take()
        }
        writer?.resume()
    }

    func read() async throws -> ByteBuffer? {
        await waitUntil(writing: false) { $0.item != nil || $0.isFinished }
        try Task.checkCancellation()
        let (item, failure, writer) = state.withLock { state in
            (state.item.take(), state.failure, state.writer.take())
        }
        writer?.resume()
        if item == nil, let failure {
            throw failure
        }
        return item
    }

    /// Returns early when the task is cancelled.
    private func waitUntil(writing: Bool, _ condition: @Sendable (borrowing State) -> Bool) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    guard !condition(state), !Task.isCancelled else {
                        return true
                    }
                    if writing {
                        state.writer = continuation
                    } else {
                        state.reader = continuation
                    }
                    return false
                }
                if isReady {
                    continuation.resume()
                }
            }
        } onCancel: {
            let waiting = state.withLock { writing ? $0.writer.take() : $0.reader.take() }
            waiting?.resume()
        }
    }
}

/// One source read by several readers, as fast as the slowest of them.
struct BodyTee: Sendable {
    let branches: [Handoff]
    private let source: any ByteSource

    init(_ source: any ByteSource, count: Int) {
        self.source = source
        branches = (0..<count).map { _ in Handoff() }
    }

    /// Reads the source to its end; a branch that was closed does not hold up the others.
    func run() async {
        do {
            while let bytes = try await source.read() {
                await withTaskGroup(of: Void.self) { group in
                    for branch in branches {
                        group.addTask { await branch.send(bytes) }
                    }
                }
            }
            finish(nil)
        } catch {
            finish(error)
        }
    }

    private func finish(_ error: (any Error)?) {
        for branch in branches {
            branch.finish(error)
        }
    }
}
