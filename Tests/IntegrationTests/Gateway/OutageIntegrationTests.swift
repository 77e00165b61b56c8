// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// Connections to an engine that break under calls that last.
@Suite("Outages", .serialized)
struct OutageIntegrationTests {
    private static let program = "i=0; until [ -e /end ]; do echo $i >&2; i=$((i+1)); sleep 0.1; done; exit 7"
    /// Resets what the manager sends to the first engine.
    private static let rule = "OUTPUT -o lo -p tcp --dport 24770 -j REJECT --reject-with tcp-reset"

    @Test("a wait and a followed log go on where they were, and nothing of the log is lost or repeated")
    func lastingCalls() async throws {
        try await ManagedEngines.with { managed in
            let words = ["run", "-d", "--name", "talk", "-e", "constraint:node==gateway-1", "busybox", "sh", "-c"]
            let made = try await run("docker", ["-H", managed.manager] + words + [Self.program])
            try #require(made.status == 0, "\(made)")
            let logs = try RunningCommand("docker", ["-H", managed.manager, "logs", "-f", "talk"])
            let waiting = try RunningCommand("docker", ["-H", managed.manager, "wait", "talk"])
            defer { [logs, waiting].forEach { $0.kill() } }
            for await line in logs.errorLines where line == "5" {
                break
            }

            try await breakConnections()
            try await eventually("the node is back, and the program told to end") {
                try await managed.docker("exec", "talk", "touch", "/end").status == 0
            }
            let outcome = await waiting.wait(timeout: .seconds(60))
            let log = await logs.wait(timeout: .seconds(60))

            #expect(outcome.status == 0 && outcome.line == "7", "\(outcome)")
            let lines = log.errors.split(separator: "\n").map { String($0) }
            #expect(log.status == 0 && lines.count > 20, "\(log)")
            #expect(lines == lines.indices.map { String($0) }, "\(log)")
        }
    }

    /// Breaks all connections to the first engine, and lets none be made for two seconds.
    private func breakConnections() async throws {
        let words = "iptables -I \(Self.rule) && sleep 2; iptables -D \(Self.rule)"
        let result = try await run("sh", ["-c", words], timeout: .seconds(60))
        #expect(result.status == 0, "\(result)")
    }
}
