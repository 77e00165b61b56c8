// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// Certificates and the authority renewed while the cluster works, also by a program that is killed.
@Suite("Rotation under load", .serialized)
struct RotationUnderLoadIntegrationTests {
    @Test("no request fails, no stream ends, nothing is restarted, and daemon.json stays as it is")
    func lasts() async throws {
        try await RotationBench.with { bench in
            try await bench.underLoad {
                let first = try await bench.changing()
                try await bench.rotate([])
                let second = try await bench.changing()
                #expect(second.authorities == first.authorities && first.authorities.count == 1)
                #expect(second.certificates.allSatisfy { first.certificates[$0.key] != $0.value })

                try await bench.rotate(["--ca"])
                let third = try await bench.changing()
                #expect(third.authorities.count == 1 && third.authorities != second.authorities)
                #expect(third.certificates.allSatisfy { second.certificates[$0.key] != $0.value })
                try await bench.expectOneAuthority()

                for point in [RotationPoint.line(": certificates done", in: "change"), .noted("drop", after: 5)] {
                    _ = try await bench.rotate(["--ca"], killedAt: point)
                }
            }
        }
    }
}
