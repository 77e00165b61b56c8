// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Clients that send requests to one address, each one request after the other.
struct Load: Sendable {
    /// What came of it.
    struct Outcome: Sendable {
        let samples: [LoadSample]
        /// From the first request to the last answer.
        let seconds: Double

        /// The times of requests of a kind that were answered with success.
        func seconds(kind: Int = 0) -> [Double] {
            samples.lazy.filter { $0.kind == kind && (200..<400).contains($0.status) }.map(\.seconds)
        }

        var failures: Int { samples.count { !(200..<400).contains($0.status) } }
        var bytes: Int { samples.reduce(0) { $0 + $1.bytes } }
    }

    let address: SocketAddress
    var clients = 1

    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Sends requests until there are no more.
    ///
    /// - Parameter next: makes the request with that number, counted over all clients; `nil` ends.
    /// - Returns: when all are answered.
    /// - Throws: when a connection cannot be made.
    func run(_ next: @escaping @Sendable (Int) -> LoadRequest?) async throws -> Outcome {
        let samples = SampleBox()
        let start = ContinuousClock.now
        let bootstrap = ClientBootstrap(group: Self.group)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 16_384, maximum: 1 << 20)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = LoadConnection(
                        next: { next(samples.nextNumber()) },
                        record: { samples.append($0) }
                    )
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
        let ends = (0..<clients).map { _ in bootstrap.connect(to: address).flatMap(\.closeFuture) }
        for end in ends {
            try await end.get()
        }
        return Outcome(samples: samples.all, seconds: (ContinuousClock.now - start).inSeconds)
    }

    /// The same requests, so many of them.
    func run(count: Int, _ request: @escaping @Sendable (Int) -> LoadRequest) async throws -> Outcome {
        try await run { $0 < count ? request($0) : nil }
    }
}

/// Counts requests and keeps samples.
private final class SampleBox: Sendable {
    private let samples = Mutex<[LoadSample]>([])
    private let count = Atomic(0)

    func nextNumber() -> Int { count.add(1, ordering: .relaxed).oldValue }
    func append(_ sample: LoadSample) { samples.withLock { $0.append(sample) } }
    var all: [LoadSample] { samples.withLock { $0 } }
}
