// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Events of all engines at a steady rate, to several listeners.
struct EventRows {
    private static let listeners = 10
    private static let seconds = 5
    private static let rate = 10

    let field: ClusterField

    func run(_ report: Report) async throws {
        let tally = EventTally()
        let ends = (0..<Self.listeners).map { _ in EventListener.connect(to: field.manager.address, tally) }
        let channels = try await ends.asyncMap { try await $0.get() }
        try await ContinuousClock().sleep(for: .seconds(1))
        let before = field.manager.sample.processor
        try await send()
        let sent = field.simulator.engines.count * Self.rate * Self.seconds
        let wanted = sent * Self.listeners
        let deadline = ContinuousClock.now + .seconds(30)
        while tally.count < wanted, ContinuousClock.now < deadline {
            try await ContinuousClock().sleep(for: .milliseconds(50))
        }
        let processor = field.manager.sample.processor - before
        for channel in channels {
            channel.close(promise: nil)
        }
        let load = "\(field.simulator.engines.count) engines, \(Self.rate) events/s each, \(Self.listeners) listeners"
        let lost = wanted - tally.count
        report.add(Figure(what: "events: lost", load: load, value: Double(lost), unit: .count, budget: 0))
        report.add(
            Figure(
                what: "events: lag, p99",
                load: load,
                value: tally.lags.quantile(0.99),
                budget: 0.1,
                reference: .init(name: "p50", value: tally.lags.quantile(0.5))
            )
        )
        report.add(
            Figure(what: "events: processor time of each", load: load, value: processor / Double(max(1, wanted)))
        )
    }

    /// Health checks make most of the events of a real cluster, and change nothing in it.
    private func send() async throws {
        let engines = field.simulator.engines
        let steps = Self.rate * Self.seconds * 10
        let start = ContinuousClock.now
        for step in 0..<steps {
            for index in stride(from: step % 10, to: engines.count, by: 10) {
                engines[index].emitMarker("exec_start: /bin/sh -c check \(step)")
            }
            try await ContinuousClock().sleep(until: start + .milliseconds(step * 10))
        }
    }
}

/// What all listeners got.
private final class EventTally: Sendable {
    private let state = Mutex<(count: Int, lags: [Double])>((0, []))

    var count: Int { state.withLock { $0.count } }
    var lags: [Double] { state.withLock { $0.lags } }

    func add(_ lags: [Double]) {
        state.withLock { state in
            state.count += lags.count
            state.lags += lags
        }
    }
}

/// Reads a stream of events, and compares the time in each with that of its arrival.
private final class EventListener: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private static let mark = Array(#""timeNano":"#.utf8)
    private static let own = Array("exec_start: /bin/sh -c check".utf8)

    private let tally: EventTally
    private var rest: [UInt8] = []

    init(_ tally: EventTally) {
        self.tally = tally
    }

    static func connect(to address: SocketAddress, _ tally: EventTally) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(EventListener(tally))
                }
            }
            .connect(to: address)
    }

    func channelActive(context: ChannelHandlerContext) {
        let request = ByteBuffer(string: "GET /v1.41/events HTTP/1.1\r\nHost: docker\r\n\r\n")
        context.writeAndFlush(NIOAny(request), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let now = SystemTime.nanoseconds()
        rest += unwrapInboundIn(data).readableBytesView
        guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else {
            return
        }
        tally.add(rest[..<end].split(separator: UInt8(ascii: "\n")).compactMap { Self.lag(of: $0, now) })
        rest.removeSubrange(...end)
    }

    /// In seconds; `nil` for what is no event of this benchmark.
    private static func lag(of line: ArraySlice<UInt8>, _ now: Int64) -> Double? {
        line.withUnsafeBytes { line in
            // The action is at the beginning of an event, and its time not far from the end.
            guard line.count > 400, find(own, in: line, from: 0, to: 64) != nil,
                let mark = find(mark, in: line, from: line.count - 320, to: line.count)
            else {
                return nil
            }
            let digits = line[(mark + Self.mark.count)...].prefix { (48...57).contains($0) }
            let time = digits.reduce(Int64(0)) { $0 &* 10 &+ Int64($1 - 48) }
            return Double(now - time) / 1e9
        }
    }

    private static func find(_ text: [UInt8], in line: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int? {
        var index = start
        while index + text.count <= end {
            if line[index] == text[0], line[index..<(index + text.count)].elementsEqual(text) {
                return index
            }
            index += 1
        }
        return nil
    }
}

extension Array {
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self {
            values.append(try await body(element))
        }
        return values
    }
}
