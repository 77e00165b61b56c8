// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// Raw streams at a manager with TLS, on its socket, and at a replica of it; engines with TLS.
@Suite("Streams", .serialized)
struct StreamIntegrationTests {
    private static let script = Testbed.checkout + "/Scripts/streams/run.sh"
    private static let ways = ["socket", "tls", "replica"]
    private static let forms =
        ["exec", "attach"].flatMap { kind in
            ["no tty", "tty"].flatMap { terminal in
                ["closed", "half-closed", "open"].map { "\(kind) \(terminal) stdin \($0)" }
            } + ["\(kind) old form", "\(kind) detach keys", "\(kind) resize"]
        } + ["exec detached", "exec read late", "exec held", "attach by websocket"]

    @Test("all forms arrive whole, in both directions, and end with their clients")
    func allForms() async throws {
        let words = ["--mebibytes", "2", "--traffic", "1", "--idle", "1", "--late", "30", "--kills", "20"]

        let result = try await run(
            Self.script,
            words + ["--at-once", "yes", "--manager", Testbed.swarmctl],
            timeout: .seconds(600)
        )

        #expect(result.status == 0, "\(result)")
        let lines = Set(result.output.split(separator: "\n").map { String($0) })
        for way in Self.ways {
            for form in Self.forms {
                #expect(lines.contains("\(way): \(form): ok"), "\(way): \(form)")
            }
        }
        for line in ["new connections see the new certificate", "the stream goes on", "engines end", "memory"] {
            #expect(lines.contains("\(line): ok"), "\(line): \(result.errors)")
        }
    }
}
