// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import NIOCore
import Synchronization

/// Bytes without end, counted as they are taken.
final class CountingSource: ByteSource {
    private let taken = Mutex(0)

    var count: Int { taken.withLock { $0 } }

    func read() async throws -> ByteBuffer? {
        taken.withLock { $0 += 64 << 10 }
        return ByteBuffer(repeating: 1, count: 64 << 10)
    }

    /// Returns when some bytes were taken and then none for a while; polls, because nothing tells that something does
    /// not happen.
    func waitUntilQuiet() async throws {
        var last = 0
        while last == 0 || last != count {
            last = count
            try await ContinuousClock().sleep(for: .milliseconds(200))
        }
    }
}
