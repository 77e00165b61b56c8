// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Turns SIGINT and SIGTERM into a call; the second one ends the process at once.
///
/// Also ignores SIGPIPE, which a peer that closes its socket would otherwise send us.
package final class Interrupts {
    private let received = Received()
    private let sources: [any DispatchSourceSignal]

    /// - Parameter cancel: called on the first signal.
    package init(_ cancel: @escaping @Sendable () -> Void) {
        signal(SIGPIPE, SIG_IGN)
        let queue = DispatchQueue(label: "swarmctl.signals")
        sources = [SIGINT, SIGTERM].map { number in
            // The default action must be off, or the process is gone before the source hears of it.
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: queue)
        }
        for source in sources {
            source.setEventHandler { [received] in
                if received.add() == 1 {
                    cancel()
                } else {
                    exit(130)
                }
            }
            source.activate()
        }
    }

    /// How many signals came.
    package var count: Int { received.count }

    /// Gives the signals their default action again.
    package func stop() {
        sources.forEach { $0.cancel() }
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
    }

    /// How many signals came, shared with the queue that counts them.
    private final class Received: Sendable {
        private let number = Mutex(0)

        var count: Int { number.withLock { $0 } }

        func add() -> Int {
            number.withLock { number in
                number += 1
                return number
            }
        }
    }
}
