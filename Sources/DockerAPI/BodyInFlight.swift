// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOCore
internal import Synchronization

/// A body that is being sent, and remembers whether it was its source that failed.
final class BodyInFlight: ByteSource {
    private let source: any ByteSource
    private let problem = Mutex<(any Error)?>(nil)

    init(source: any ByteSource) {
        self.source = source
    }

    /// The error that the source threw; `nil` when an error came from elsewhere.
    var failure: (any Error)? {
        problem.withLock { $0 }
    }

    func read() async throws -> ByteBuffer? {
        do {
            return try await source.read()
        } catch {
            problem.withLock { $0 = error }
            throw error
        }
    }
}
