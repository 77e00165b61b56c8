// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOCore
internal import NIOPosix
internal import Synchronization

/// Runs tasks on the thread of an event loop.
///
/// What a task waits for comes on the event loop of its connection, and what it sends goes out there: on that
/// thread it costs no change of threads. Work that takes long, or blocks, belongs elsewhere (`runBlocking`).
package final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    private init(_ loop: any EventLoop) {
        self.loop = loop
    }

    /// Of all loops of the process's own group; they live as long as it.
    private static let all: [(loop: any EventLoop, executor: EventLoopExecutor)] =
        MultiThreadedEventLoopGroup.singleton.makeIterator().map { ($0, EventLoopExecutor($0)) }
    private static let count = Atomic<Int>(0)

    /// The executor of a loop; `nil` for one of another group.
    package static func of(_ loop: any EventLoop) -> EventLoopExecutor? {
        all.first { $0.loop === loop }?.executor
    }

    /// The executors in turn.
    package static func next() -> EventLoopExecutor? {
        all.isEmpty ? nil : all[count.add(1, ordering: .relaxed).oldValue % all.count].executor
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        loop.execute { job.runSynchronously(on: executor) }
    }
}

extension BytePipe {
    /// Runs tasks where the pipe's bytes come and go; `nil` when that thread is not the process's own.
    package var executor: EventLoopExecutor? { EventLoopExecutor.of(channel.eventLoop) }
}
