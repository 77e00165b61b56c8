// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import Synchronization

/// Reads the command lines of all processes from `/proc`, again and again, until it is stopped.
///
/// Those of hosts that are containers are among them.
package final class ArgumentSampler: Sendable {
    private struct State {
        var isStopped = false
        var seen: Set<String> = []
    }

    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)

    package init() {}

    /// Begins, on a thread of its own.
    package func start() {
        let thread = Thread {
            repeat {
                let found = Self.commandLines()
                self.state.withLock { $0.seen.formUnion(found) }
                usleep(2000)
            } while !self.state.withLock(\.isStopped)
            self.ended.signal()
        }
        thread.start()
    }

    /// Ends it, waits for that, and returns what was seen.
    package func stop() -> Set<String> {
        state.withLock { $0.isStopped = true }
        ended.wait()
        return state.withLock(\.seen)
    }

    private static func commandLines() -> Set<String> {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let lines = processes.filter { $0.allSatisfy(\.isNumber) }.compactMap { process in
            FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
        }
        return Set(lines.map { String(decoding: $0, as: UTF8.self) })
    }
}
