// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import GoRPC
import SwarmTesting
import Testing

/// What a plug-in may send, right and wrong; `make fuzz` runs it for ten minutes.
@Suite("Gob reader, given anything", .serialized)
struct GobFuzzTests {
    /// Inputs made from one seed.
    private static let round = 2_000
    private static let words: [[UInt8]] = [
        [0xFF, 0x81], [0xFF, 0x82], [0xFF, 0x83], [0xFF, 0x84], [0xFE, 0x01, 0x00], [0xF8], [0x10, 0x00], [0x00, 0x00],
        [0x03, 0x01, 0x01], [0x02, 0x01, 0x02], [0x7F], Array("*mcnflag.IntFlag".utf8), [0x06] + Array("string".utf8),
    ]

    @Test("neither traps nor contradicts itself")
    func mutations() throws {
        let recorded = try RecordedCalls()
        let inputs = recorded.calls.flatMap { [$0.request, $0.reply] } + [recorded.requests, recorded.replies]
        let environment = ProcessInfo.processInfo.environment
        let seconds = environment["SWARMCTL_FUZZ_SECONDS"].flatMap { Double($0) } ?? 0
        let end = Date().addingTimeInterval(seconds)
        var seed = environment["SWARMCTL_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1
        repeat {
            if seconds > 0 {
                FileHandle.standardError.write(Data("fuzz gob seed \(seed)\n".utf8))
            }
            var mutator = Mutator(seed: seed, words: Self.words)
            for _ in 0..<Self.round {
                let base = inputs.randomElement(using: &mutator) ?? []
                let input = mutator.mutate(base, with: inputs.randomElement(using: &mutator) ?? [])
                let problem = Self.problem(with: input)
                #expect(problem == nil, "seed \(seed): \(input)")
            }
            seed += 1
        } while Date() < end
    }

    /// Values that were read are written, and read and written again, as the same bytes.
    private static func problem(with input: [UInt8]) -> String? {
        var decoder = GobDecoder(input)
        var values: [GobDynamic] = []
        while let value = try? decoder.next() {
            values.append(value)
        }
        guard !values.isEmpty else {
            return nil
        }
        guard let written = try? encodeAll(values), let again = try? decodeAll(written) else {
            return "not written, or not read again"
        }
        return (try? encodeAll(again)) == written ? nil : "other bytes the second time"
    }
}
