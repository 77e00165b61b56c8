// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import CLibSSH2
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Keeps threads out of libssh2 while the process exits.
///
/// OpenSSL, below libssh2, frees its tables in an exit handler; a session's thread that is still at
/// work then would read freed memory and turn a good exit status into a crash. Our handler is
/// registered later, so it runs earlier: it lets nobody in any more and waits for those inside.
enum LibraryGate {
    private struct State {
        var inside = 0
        var isClosed = false
    }

    private static let state = Mutex(State())

    /// Starts the library, once in the process; false when that failed.
    static let isReady: Bool = {
        let isStarted = libssh2_init(0) == 0
        // atexit(3) fails only without memory, and then an exit may crash.
        _ = atexit { LibraryGate.close() }
        return isStarted
    }()

    /// Lets the thread in; false when the process exits, and the thread must not call the library.
    static func enter() -> Bool {
        isReady
            && state.withLock { state in
                if !state.isClosed {
                    state.inside += 1
                }
                return !state.isClosed
            }
    }

    static func leave() {
        state.withLock { $0.inside -= 1 }
    }

    /// Waits a second at most: calls of the library do not block, except for an agent's answer.
    private static func close() {
        state.withLock { $0.isClosed = true }
        for _ in 0..<1000 where state.withLock({ $0.inside > 0 }) {
            usleep(1000)
        }
    }
}
