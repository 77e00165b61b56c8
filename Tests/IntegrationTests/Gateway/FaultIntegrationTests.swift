// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// Clients and engines that do not behave, and all others that must not notice.
@Suite("Bad clients, frozen engines", .serialized)
struct FaultIntegrationTests {
    @Test("what no client should send is answered with a reason, and holds up nobody")
    func badClients() async throws {
        try await ManagedEngines.with { managed in
            let before = (try managed.descriptors(), try managed.memory())
            let script = Testbed.checkout + "/Tests/IntegrationTests/Fixtures/bad-clients.py"
            let address = managed.manager.replacing("tcp://", with: "")

            let result = try await run("python3", [script, address], timeout: .seconds(120))

            try #require(result.status == 0, "\(result)")
            let lines = result.output.split(separator: "\n").map {
                $0.split(separator: "\t", omittingEmptySubsequences: false)
            }
            #expect(lines.count == 22)
            for line in lines.dropLast() {
                #expect(line[1].count == 3 && line[1].hasPrefix("4"), "\(line)")
                #expect(!line[2].isEmpty, "\(line)")
            }
            let longest = try #require(lines.last.flatMap { Double($0[1]) })
            #expect(longest < 10, "a good client had to wait")
            #expect(try await managed.docker("ps").status == 0)
            try await eventually("descriptors and memory are given back") {
                try managed.descriptors() <= before.0 + 8 && managed.memory() < before.1 + (96 << 10)
            }
        }
    }

    @Test("a frozen engine is named as gone, and calls for the others take no longer")
    func frozenEngine() async throws {
        try await ManagedEngines.with { managed in
            for node in 1...3 {
                let name = "c\(node)"
                let constraint = "constraint:node==gateway-\(node)"
                let made = try await managed.docker(
                    "run",
                    "-d",
                    "--name",
                    name,
                    "-e",
                    constraint,
                    "busybox",
                    "sleep",
                    "600"
                )
                try #require(made.status == 0, "\(made)")
            }
            try Testbed.signalEngine("gateway-2", SIGSTOP)
            async let pruned = managed.docker("volume", "prune", "-f")
            let web = managed.manager.replacing("tcp://", with: "http://")
            let networks = try await run("curl", ["-si", "\(web)/networks"], timeout: .seconds(60))
            let start = ContinuousClock.now
            var slowest = Duration.zero
            var isNamed = false
            while !isNamed, ContinuousClock.now - start < .seconds(60) {
                for words in [["ps"], ["info"], ["exec", "c1", "true"], ["inspect", "c3"], ["top", "c1"]] {
                    let begin = ContinuousClock.now
                    let result = try await run("docker", ["-H", managed.manager] + words, timeout: .seconds(60))
                    slowest = max(slowest, ContinuousClock.now - begin)
                    #expect(result.status == 0, "\(words): \(result)")
                }
                let info = try await managed.docker("info").output
                isNamed = info.contains("Status: Disconnected") && info.contains("no answer to 3 probes")
            }
            let list = try await managed.docker("ps", "-a", "--format", "{{.Names}} {{.Status}}")
            let refused = try await managed.docker("inspect", "c2")
            let placed = try await managed.docker("run", "--rm", "busybox", "echo", "placed")
            let refusal = try await pruned
            try Testbed.signalEngine("gateway-2", SIGCONT)

            #expect(networks.output.contains("X-Swarm-Missing-Nodes: gateway-2"), "\(networks)")
            #expect(networks.output.contains("gateway-1/bridge") && networks.output.contains("gateway-3/bridge"))
            #expect(refusal.status != 0 && refusal.errors.contains("gateway-2"), "\(refusal)")
            #expect(isNamed, "the frozen engine was not found out")
            #expect(slowest < .seconds(30), "a call for another node waited for the frozen one")
            #expect(list.output.contains("gateway-2/c2 Host Down"), "\(list)")
            #expect(refused.status != 0 && refused.errors.contains("gateway-2"), "\(refused)")
            #expect(placed.line == "placed", "\(placed)")
            try await eventually("the engine is back") {
                try await managed.docker("exec", "c2", "true").status == 0
            }
        }
    }
}
