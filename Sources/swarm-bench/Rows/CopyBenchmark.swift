// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOCore
internal import NIOHTTP1
internal import SwarmCore
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// What `docker cp` sends, a gibibyte in and out: client to manager and manager to engine with TLS each,
/// beside the same client and engine with TLS between them.
///
/// All three share the machine's processors: with two of them the way through the manager, which does
/// the same work of TLS twice, is bound by them and not by the manager's own speed. What it took of
/// them is therefore a row too.
struct CopyBenchmark: Benchmark {
    let name = "copy"
    let abstract = "a gibibyte in and out through TLS"
    private static let size = 1 << 30
    private static let rounds = 3

    func run(_ report: Report, _ settings: BenchmarkSettings) async throws {
        guard let folder = settings.certificates else {
            return report.note("copy: left out, it needs --certificates")
        }
        let files = TLSFiles(
            authority: "\(folder)/ca.pem",
            certificate: "\(folder)/cert.pem",
            key: "\(folder)/key.pem",
            verifiesPeer: true
        )
        let tls = try TLSContexts(files: files)
        let simulator = try await EngineSimulator([SimulatedEngine(number: 0, running: 1)], tls: tls)
        do {
            try await measure(report, settings, folder, simulator, tls)
            await simulator.stop()
        } catch {
            await simulator.stop()
            throw error
        }
    }

    private func measure(
        _ report: Report,
        _ settings: BenchmarkSettings,
        _ folder: String,
        _ simulator: EngineSimulator,
        _ tls: TLSContexts
    ) async throws {
        let manager = try await ManagerProcess(
            program: settings.program,
            engines: ["127.0.0.1:\(simulator.port)"],
            folder: "\(settings.folder)/copy",
            options: [
                "--tlsverify", "--tlscacert", "\(folder)/ca.pem", "--tlscert", "\(folder)/cert.pem",
                "--tlskey", "\(folder)/key.pem",
            ],
            tls: tls
        )
        defer { manager.stop() }
        try await manager.waitHealthy(1)
        let direct = HTTPClient(address: .tcp(host: "127.0.0.1", port: simulator.port), tls: tls)
        let through = HTTPClient(address: .tcp(host: "127.0.0.1", port: manager.address.port ?? 0), tls: tls)
        defer {
            direct.shutdown()
            through.shutdown()
        }
        for direction in Direction.allCases {
            try await compare(direction, report, direct, through, manager)
        }
    }

    private func compare(
        _ direction: Direction,
        _ report: Report,
        _ direct: HTTPClient,
        _ through: HTTPClient,
        _ manager: ManagerProcess
    ) async throws {
        // Connections, and buffers at their size for a stream.
        try await copy(direction, through, size: 64 << 20)
        let before = manager.sample
        var plain: [Double] = []
        var managed: [Double] = []
        var ends = 0.0
        for _ in 0..<Self.rounds {
            let start = ProcessSample(of: getpid()).processor
            plain.append(try await copy(direction, direct, size: Self.size))
            ends += ProcessSample(of: getpid()).processor - start
            managed.append(try await copy(direction, through, size: Self.size))
        }
        let after = manager.sample
        let reference = plain.quantile(0.5)
        report.add(
            Figure(
                what: "copy \(direction.rawValue) through TLS: bytes",
                load: "1 GiB, median of \(Self.rounds)",
                value: Double(Self.size) / managed.quantile(0.5),
                unit: .perSecond,
                budget: 0.8 * Double(Self.size) / reference,
                reference: .init(name: "direct", value: Double(Self.size) / reference)
            )
        )
        report.add(
            Figure(
                what: "copy \(direction.rawValue): the manager's processor time",
                load: "for each GiB",
                value: (after.processor - before.processor) / Double(Self.rounds),
                reference: .init(name: "direct, client and engine together", value: ends / Double(Self.rounds))
            )
        )
        report.add(
            Figure(
                what: "copy \(direction.rawValue): added memory, at its most",
                load: "\(Self.rounds) GiB",
                value: max(0, after.peak - before.peak),
                unit: .bytes,
                budget: Double(8 << 20)
            )
        )
    }

    /// Returns the seconds that it took.
    @discardableResult
    private func copy(_ direction: Direction, _ client: HTTPClient, size: Int) async throws -> Double {
        let start = ContinuousClock.now
        let path = "/v1.41/containers/\(SimulatedEngine.id(0, 0))/archive"
        switch direction {
        case .out:
            let request = HTTPRequest(.GET, path, query: [("path", "/data"), ("size", "\(size)")])
            try await client.withResponse(to: request, deadline: .after(.seconds(120)), coversBody: true) { response in
                try await response.check()
                var received = 0
                while let piece = try await response.read() {
                    received += piece.readableBytes
                }
                guard received == size else {
                    throw BenchmarkError.requestsFailed(what: "an archive of \(size) bytes had \(received)", count: 1)
                }
            }
        case .in:
            let request = HTTPRequest(.PUT, path, query: [("path", "/data")])
            let body = HTTPBody.stream(RepeatedBytes(size: size), length: size)
            try await client.withResponse(
                to: request,
                body: body,
                deadline: .after(.seconds(120)),
                coversBody: true
            ) { response in
                try await response.check()
            }
        }
        return (ContinuousClock.now - start).inSeconds
    }

    private enum Direction: String, CaseIterable {
        case out
        case `in`
    }
}

/// Zeroes.
private final class RepeatedBytes: ByteSource {
    private static let piece = ByteBuffer(repeating: 0, count: 256 << 10)
    private let left: Mutex<Int>

    init(size: Int) {
        left = Mutex(size)
    }

    func read() async throws -> ByteBuffer? {
        let count = left.withLock { left in
            let count = min(left, Self.piece.readableBytes)
            left -= count
            return count
        }
        return count == 0 ? nil : Self.piece.getSlice(at: 0, length: count)
    }
}
