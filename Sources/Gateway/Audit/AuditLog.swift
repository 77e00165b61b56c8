// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
package import Logging
package import SwarmCore
internal import Synchronization

/// Writes the audit log: lines of JSON in a file, in the order in which requests end.
///
/// Requests never wait for it: lines are queued, and one task writes and syncs all that have come meanwhile. When
/// the file cannot be written the lines stay queued and it is tried again every second. Of a queue that is full the
/// newest lines are left out, and the next line that is written says how many.
package final class AuditLog: Sendable {
    private struct State {
        var queue: [[UInt8]] = []
        var lost = 0
        var isClosed = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private static let retryTime = Duration.seconds(1)

    private let file: AuditFile
    private let capacity: Int
    private let logger: Logger
    private let state = Mutex(State())

    /// Opens the file, or makes it with mode 0600.
    ///
    /// - Parameters:
    ///   - path: of the file; lines are added at its end.
    ///   - capacity: how many lines may wait to be written.
    ///   - logger: told when the file cannot be written.
    /// - Throws: ``AuditError`` when the file cannot be opened now.
    package init(path: String, capacity: Int = 65_536, logger: Logger) throws(AuditError) {
        file = AuditFile(path: path)
        self.capacity = capacity
        self.logger = logger
        try file.open()
    }

    /// Queues a line; returns at once.
    package func record(_ record: AuditRecord) {
        let line = record.line
        let (waiter, isFirstLoss) = state.withLock { state -> (CheckedContinuation<Void, Never>?, Bool) in
            guard state.queue.count < capacity else {
                state.lost += 1
                return (nil, state.lost == 1)
            }
            state.queue.append(line)
            return (state.waiter.take(), false)
        }
        waiter?.resume()
        if isFirstLoss {
            logger.error(
                "audit lines are lost: the log cannot be written fast enough",
                metadata: ["file": "\(file.path)"]
            )
        }
    }

    /// Opens the file again before the next line, for programs that rename logs and send SIGHUP.
    ///
    /// A file that was renamed or removed is noticed without it.
    package func reopen() {
        file.requestReopening()
    }

    /// Writes until the task is cancelled, and then what is left.
    package func run() async {
        while !Task.isCancelled {
            await waitForLines()
            if await !flush() {
                try? await ContinuousClock().sleep(for: Self.retryTime)
            }
        }
        // One last time, for the requests that have just ended.
        _ = await flush()
    }

    /// Writes and syncs what is queued; false when that failed, and it is queued again.
    private func flush() async -> Bool {
        let (lines, lost) = state.withLock { state in
            defer {
                state.queue = []
                state.lost = 0
            }
            return (state.queue, state.lost)
        }
        guard !lines.isEmpty || lost > 0 else {
            return true
        }
        let gap = lost > 0 ? [Self.gap(lost)] : []
        let bytes = (lines + gap).flatMap { $0 }
        do {
            let file = file
            try await runBlocking { try file.append(bytes) }
            return true
        } catch {
            state.withLock { state in
                // What came meanwhile may have to go, and is counted.
                let all = lines + state.queue
                state.queue = Array(all.prefix(capacity))
                state.lost += lost + all.count - state.queue.count
            }
            logger.error("the audit log cannot be written", metadata: ["error": "\(ErrorReport(error).message)"])
            return false
        }
    }

    private static func gap(_ count: Int) -> [UInt8] {
        let line: JSON = [
            "time": JSON(WallTime.format(WallTime.now)), "result": "lost", "lines": JSON(count),
        ]
        return Array(line.bytes) + [UInt8(ascii: "\n")]
    }

    private func waitForLines() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    guard state.queue.isEmpty, state.lost == 0, !Task.isCancelled else {
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isReady {
                    continuation.resume()
                }
            }
        } onCancel: {
            state.withLock { $0.waiter.take() }?.resume()
        }
    }
}

/// Why the audit log cannot be written.
package enum AuditError: UserFacingError, Equatable {
    case cannotOpen(path: String, reason: String)
    case cannotWrite(path: String, reason: String)

    package var message: String {
        switch self {
        case .cannotOpen(let path, let reason): "the audit log \"\(path)\" cannot be opened: \(reason)"
        case .cannotWrite(let path, let reason): "the audit log \"\(path)\" cannot be written: \(reason)"
        }
    }

    package var hint: String? { "give a file in a folder that exists and has room, with `--audit-log FILE`" }

    package var kind: ErrorKind { .failed }
}
