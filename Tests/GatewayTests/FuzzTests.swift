// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import SwarmTesting
import Testing

/// What clients send, right and wrong, given to its readers.
///
/// `make fuzz` runs it for ten minutes. A reader that traps ends the run: the seed printed last makes the
/// input again. What was found becomes a file in `Fixtures/corpus`.
@Suite("Readers of what clients send", .serialized)
struct FuzzTests {
    /// Inputs made from one seed.
    private static let round = 2_000

    private static func corpus(_ target: FuzzTarget) throws -> [[UInt8]] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/corpus/\(target.rawValue)")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .map { Array(try Data(contentsOf: folder.appendingPathComponent($0))) }
    }

    @Test("the corpus is read without contradiction", arguments: FuzzTarget.allCases)
    func corpus(target: FuzzTarget) throws {
        let inputs = try Self.corpus(target)

        #expect(inputs.count >= 10)
        for input in inputs {
            #expect(target.problem(with: input) == nil, "\(String(decoding: input, as: UTF8.self))")
        }
    }

    @Test("so are inputs made from it by chance", arguments: FuzzTarget.allCases)
    func mutations(target: FuzzTarget) throws {
        let inputs = try Self.corpus(target)
        let environment = ProcessInfo.processInfo.environment
        let seconds = environment["SWARMCTL_FUZZ_SECONDS"].flatMap { Double($0) } ?? 0
        let end = Date().addingTimeInterval(seconds / Double(FuzzTarget.allCases.count))
        var seed = environment["SWARMCTL_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1
        repeat {
            if seconds > 0 {
                FileHandle.standardError.write(Data("fuzz \(target.rawValue) seed \(seed)\n".utf8))
            }
            var mutator = Mutator(seed: seed, words: FuzzTarget.words)
            for _ in 0..<Self.round {
                let base = inputs.randomElement(using: &mutator) ?? []
                let input = mutator.mutate(base, with: inputs.randomElement(using: &mutator) ?? [])
                let problem = target.problem(with: input)
                #expect(problem == nil, "seed \(seed): \(input)")
            }
            seed += 1
        } while Date() < end
    }
}
