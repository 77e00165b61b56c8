// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Synchronization

/// Joins two raw streams, in both directions, until both have ended.
enum PipeRelay {
    /// How long the client may be silent after the engine has ended its side.
    ///
    /// An engine that ends its side has closed the connection, though TCP cannot tell; a real one
    /// would drop such a client after about the same time.
    private static let silenceLimit = Duration.seconds(60)

    /// Copies bytes and ends both ways; an error in one direction ends both.
    ///
    /// The end of one side is passed on as a half-close: the other side can still send.
    static func run(client: BytePipe, engine: BytePipe) async throws {
        let progress = Progress()
        try await withThrowingTaskGroup(of: Direction.self) { group in
            group.addTask {
                try await copy(from: client, to: engine, progress)
                return .toEngine
            }
            group.addTask {
                try await copy(from: engine, to: client, nil)
                return .toClient
            }
            defer { group.cancelAll() }
            guard try await group.next() == .toClient else {
                _ = try await group.next()
                return
            }
            group.addTask {
                try await progress.waitForSilence(silenceLimit)
                return .toEngine
            }
            _ = try await group.next()
        }
    }

    private enum Direction {
        case toEngine
        case toClient
    }

    private static func copy(from source: BytePipe, to sink: BytePipe, _ progress: Progress?) async throws {
        while let bytes = try await source.read() {
            try await sink.write(bytes)
            progress?.step()
        }
        try await sink.closeOutput()
    }

    /// Counts steps, to tell whether there were any in a while.
    private final class Progress: Sendable {
        private let steps = Atomic<UInt64>(0)

        func step() {
            steps.add(1, ordering: .relaxed)
        }

        func waitForSilence(_ time: Duration) async throws {
            var seen: UInt64?
            while seen != steps.load(ordering: .relaxed) {
                seen = steps.load(ordering: .relaxed)
                try await ContinuousClock().sleep(for: time)
            }
        }
    }
}
