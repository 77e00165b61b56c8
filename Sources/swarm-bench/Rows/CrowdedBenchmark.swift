// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// `create` and `start` on nodes that are full of stopped containers and images, beside the same on empty ones.
struct CrowdedBenchmark: Benchmark {
    let name = "crowded"
    let abstract = "creates beside 17,000 stopped containers and 9,000 images on ten nodes"

    private static let engines = 10
    private static let running = 30
    private static let stopped = 1700
    private static let images = 900

    func run(_ report: Report, _ settings: BenchmarkSettings) async throws {
        let plain = try await measure(settings, stopped: 0, images: 9)
        let crowded = try await measure(settings, stopped: Self.stopped, images: Self.images)
        let load = "\(Self.engines * Self.stopped) stopped, \(Self.engines * Self.images) images"
        for (what, time, other) in [
            ("create+start: processor time of each", crowded.processor, plain.processor),
            ("create+start: p50", crowded.middle, plain.middle),
        ] {
            report.add(
                Figure(what: what, load: load, value: time, reference: .init(name: "without them", value: other))
            )
        }
    }

    private func measure(
        _ settings: BenchmarkSettings,
        stopped: Int,
        images: Int
    ) async throws -> (processor: Double, middle: Double) {
        let field = try await ClusterField(
            settings,
            engines: Self.engines,
            containers: Self.running,
            stopped: stopped,
            images: images
        )
        do {
            try await field.manager.waitHealthy(Self.engines)
            let times = try await CreateRows(field: field).alone(count: 1000)
            await field.stop()
            return times
        } catch {
            await field.stop()
            throw error
        }
    }
}
