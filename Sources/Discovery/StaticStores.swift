// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

/// `nodes://`: the list of the command line.
package struct NodesStore: DiscoveryStore {
    private let addresses: [String]

    package init(addresses: [String]) {
        self.addresses = addresses
    }

    package var url: String { DiscoveryURL.nodes(addresses).description }

    package func entries() async throws -> [String] { addresses }

    package func watch(_ handle: @Sendable ([String]) async -> Void) async throws {
        await handle(addresses)
        // It never changes: wait for cancellation.
        while true {
            try await ContinuousClock().sleep(for: .seconds(86_400))
        }
    }
}

/// `file://`: one address or range a line; `#` begins a comment.
package struct FileStore: DiscoveryStore {
    private let path: String
    private let interval: Duration

    /// Makes a store for a file.
    ///
    /// - Parameters:
    ///   - path: absolute.
    ///   - interval: time between two looks at it. A file may be on a file system that reports no
    ///     changes, or be replaced by a rename, and it is small: so it is read again and again.
    package init(path: String, interval: Duration = .seconds(1)) {
        self.path = path
        self.interval = interval
    }

    package var url: String { DiscoveryURL.file(path: path).description }

    package func entries() async throws -> [String] {
        let text = try AtomicFile.readText(path, limit: 16 << 20)
        var found: Set<String> = []
        for line in text.split(whereSeparator: \.isNewline) {
            let content = AddressList.trimmed(line.prefix { $0 != "#" })
            if !content.isEmpty {
                found.formUnion(try AddressList.parse(content))
            }
        }
        return found.sorted()
    }

    package func watch(_ handle: @Sendable ([String]) async -> Void) async throws {
        var last: [String]?
        while true {
            let now = try await entries()
            if now != last {
                await handle(now)
                last = now
            }
            try await ContinuousClock().sleep(for: interval)
        }
    }
}
