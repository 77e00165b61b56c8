// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Dispatch

/// Runs one actor's jobs in order, outside Swift's shared thread pool, so that C calls may block.
///
/// An actor on this executor may call a blocking C library directly: its methods contain no
/// `await`, so two calls never interleave on one handle. Dispatch's own pool has a limit, so the
/// number of actors that block at the same time has one too.
package final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    /// Makes an executor whose thread carries `label` in debuggers.
    package init(label: String) {
        queue = DispatchQueue(label: label)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}

/// Runs `body` on a thread of its own and waits for it without holding a thread of the shared pool.
///
/// For single blocking calls (a file lock, `getaddrinfo`). `body` is not interrupted by
/// cancellation: give the call inside a deadline of its own.
package func runBlocking<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async {
            continuation.resume(with: Result { try body() })
        }
    }
}
