// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Dispatch

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Runs `body` and cancels it at the first SIGTERM or SIGINT.
///
/// - Parameter body: ends soon after its task is cancelled.
/// - Returns: what `body` returns.
/// - Throws: what `body` throws.
func runUntilSignal<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    let signals = SignalStream()
    let stream = signals.stream
    defer { signals.stop() }
    return try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            for await _ in stream {
                break
            }
            return nil
        }
        while let result = try await group.next() {
            if let result {
                group.cancelAll()
                return result
            }
            // A signal: the body is told, and its value is what it makes of that.
            group.cancelAll()
        }
        throw CancellationError()
    }
}

/// SIGTERM and SIGINT as a stream instead of the end of the process.
private final class SignalStream {
    let stream: AsyncStream<Int32>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        self.stream = stream
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
    }

    /// Gives the signals their usual effect again.
    func stop() {
        for source in sources {
            source.cancel()
        }
        signal(SIGTERM, SIG_DFL)
        signal(SIGINT, SIG_DFL)
    }
}
