// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// Every command of the docker CLI that a cluster answers, beside the same on one engine.
@Suite("Docker CLI's commands", .serialized)
struct CommandTableIntegrationTests {
    @Test(
        "print and return what they print and return on one engine, except where docs/differences.md says",
        arguments: [nil, "sid"]
    )
    func sameAsOneEngine(suite: String?) async throws {
        let program = try await Testbed.docker(suite: suite)
        let table = try CommandTable()
        let port = 24_776
        try await ManagedEngines.with { managed in
            try await ManagedEngines.withEngine("gateway-0", port: port) { single in
                let one = CommandTable.Side(
                    name: "one",
                    program: program,
                    host: single,
                    port: 18_321,
                    subnet: "10.98.1"
                )
                let all = CommandTable.Side(
                    name: "all",
                    program: program,
                    host: managed.manager,
                    port: 18_322,
                    subnet: "10.98.2"
                )
                async let alone = table.results(of: one)
                async let together = table.results(of: all)
                Self.compare(table, try await alone, try await together)
            }
        }
    }

    private static func compare(_ table: CommandTable, _ alone: [ProgramResult], _ together: [ProgramResult]) {
        var different = Set<String>()
        for (command, (expected, found)) in zip(table.commands, zip(alone, together)) where expected != found {
            different.insert(command)
            #expect(
                table.listed.contains(command),
                "\(command)\n--- one engine: \(expected)\n--- the cluster: \(found)"
            )
        }
        #expect(table.listed.subtracting(different) == [], "listed in docs/differences.md, and not different")
    }
}
