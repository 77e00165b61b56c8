// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// One part of the project, measured.
protocol Benchmark: Sendable {
    /// On the command line.
    var name: String { get }
    var abstract: String { get }
    /// Whether it is left out when no benchmark is named.
    var isLong: Bool { get }

    /// Measures, and adds each figure to the report as soon as it is known.
    func run(_ report: Report, _ settings: BenchmarkSettings) async throws
}

extension Benchmark {
    var isLong: Bool { false }
}

/// What the command line says about all benchmarks.
struct BenchmarkSettings: Sendable {
    /// The path of `swarmd`.
    let program: String
    /// For logs and states of managers.
    let folder: String
    /// With `ca.pem`, `cert.pem` and `key.pem` for 127.0.0.1; `nil` leaves out what needs TLS.
    var certificates: String?
    var engines = 1000
    var containers = 30
    /// Which parts of a benchmark are run; all when there are none.
    var rows: [String] = []
    /// How long the churn lasts.
    var seconds = 1800
}

/// What was measured, with what to compare it to.
struct Figure: Sendable {
    /// How a value is to be read.
    enum Unit: String, Sendable {
        case seconds
        case bytes
        case perSecond = "1/s"
        case count

        func format(_ value: Double) -> String {
            switch self {
            case .seconds: Self.scaled(value * 1e9, by: 1000, ["ns", "µs", "ms", "s"])
            case .bytes: Self.scaled(value, by: 1024, ["B", "KiB", "MiB", "GiB"])
            case .perSecond: "\(Int(value)) /s"
            case .count: "\(Int(value))"
            }
        }

        /// With three digits, in the largest unit that leaves one before the point.
        private static func scaled(_ value: Double, by factor: Double, _ units: [String]) -> String {
            var value = value
            var units = units[...]
            while value >= factor, units.count > 1 {
                value /= factor
                units = units.dropFirst()
            }
            let digits = value < 10 ? 100.0 : value < 100 ? 10 : 1
            let number = (value * digits).rounded() / digits
            return "\(digits == 1 ? "\(Int(number))" : "\(number)") \(units.first ?? "")"
        }
    }

    /// The same thing done in the plainest way, or another that the figure is to be compared with.
    struct Reference: Sendable {
        let name: String
        let value: Double
    }

    let what: String
    let load: String
    let value: Double
    var unit = Unit.seconds
    /// In the same unit; `nil` when there is none.
    var budget: Double?
    var reference: Reference?

    /// Rates have to reach their budget, all else has to stay within; true without a budget.
    var meetsBudget: Bool {
        budget.map { unit == .perSecond ? value >= $0 : value <= $0 } ?? true
    }
}

/// Times work with a clock that never goes back.
enum Stopwatch {
    /// The seconds that `work` takes.
    static func seconds(_ work: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try work()
        return (ContinuousClock.now - start).inSeconds
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension [Double] {
    /// The value below which that share of the others is; 0 when there are none.
    func quantile(_ share: Double) -> Double {
        let sorted = sorted()
        return sorted.isEmpty ? 0 : sorted[Swift.min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
}
