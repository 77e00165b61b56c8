// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// A rotation that is killed at each of its steps and run again: run by name only, because it takes minutes.
@Suite("Killed rotations", .serialized)
struct RotationSoakTests {
    /// What is told of a host in each phase.
    private static let lines = [
        ": reach", ": look", ": certificates", ": certificates done", ": verify", ": verify unchanged",
    ]
    /// Between them the operator's own files change.
    private static let delays = [0, 2, 5, 10, 20, 50, 100]

    @Test("it ends as it should, and nobody notices")
    func everyStep() async throws {
        try await RotationBench.with { bench in
            try await bench.underLoad {
                let leaf = Self.points(in: ["change"])
                let authority = Self.points(in: ["trust", "change", "drop"])
                var killed = 0
                for point in leaf {
                    killed += try await bench.rotate([], killedAt: point) ? 1 : 0
                }
                for point in authority {
                    killed += try await bench.rotate(["--ca"], killedAt: point) ? 1 : 0
                }
                let all = leaf.count + authority.count
                FileHandle.standardError.write(Data("killed \(killed) of \(all) rotations before their end\n".utf8))
                #expect(killed > all * 3 / 4)
            }
        }
    }

    private static func points(in phases: [String]) -> [RotationPoint] {
        phases.flatMap { phase in
            delays.map { RotationPoint.noted(phase, after: $0) } + lines.map { .line($0, in: phase) }
        }
    }
}
