// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// `swarmd join` as a process: its health, its log, and its certificates.
@Suite("Agent", .serialized)
struct AgentIntegrationTests {
    private static let host = "127.0.0.1:19951"
    private static let member = "127.0.0.1:19959"

    @Test("it says whether it is registered, logs a lost store once, comes back, and leaves when it is stopped")
    func health() async throws {
        try await DaemonProcesses.with { swarmd in
            let url = "swarm://\(Self.host)/lab"
            let arguments = ["manage", "-H", "tcp://\(Self.host)", "--state-dir", swarmd.folder, url]
            let manager = try await swarmd.start(arguments, until: "listening")
            let socket = "unix://\(swarmd.folder)/run/agent.sock"
            let words = ["join", "--advertise", Self.member, "--heartbeat", "1s", "--ttl", "4s", "--health", socket]
            #expect(try await swarmd.run(["health", socket]).status == 13)
            let agent = try await swarmd.start(words + [url], until: "registered")
            #expect(try await swarmd.run(["health", socket]).line == "registered")

            manager.kill(SIGKILL)
            _ = await manager.wait(timeout: .seconds(60))
            try await expectEventually("it is not registered when its TTL has passed") {
                let health = try await swarmd.run(["health", socket])
                return health.status == 13 && health.errors.contains("the node is not registered")
            }
            try await swarmd.start(arguments, until: "listening")
            try await expectEventually("it is registered again") {
                try await swarmd.run(["health", socket]).status == 0
            }

            agent.kill(SIGTERM)
            let end = await agent.wait(timeout: .seconds(60))
            #expect(end.status == 0)
            #expect(end.errors.components(separatedBy: "discovery lost").count == 2, "one line: \(end)")
            #expect(end.errors.contains("deregistered"), "\(end)")
            #expect(try await swarmd.run(["list", url]).line.isEmpty)
        }
    }

    @Test("an agent that cannot answer health checks says so and ends, and leaves before")
    func noHealth() async throws {
        try await DaemonProcesses.with { swarmd in
            let url = "swarm://\(Self.host)/lab"
            let arguments = ["manage", "-H", "tcp://\(Self.host)", "--state-dir", swarmd.folder, url]
            try await swarmd.start(arguments, until: "listening")

            let words = ["join", "--advertise", Self.member, "--health", "unix:///proc/nowhere/agent.sock", url]
            let result = try await swarmd.run(words)

            #expect(result.status == 1 && result.errors.contains("cannot listen on"), "\(result)")
            #expect(try await swarmd.run(["list", url]).line.isEmpty)
        }
    }

    @Test("certificates of a new authority are taken from the disk, without a restart of the agent")
    func rotation() async throws {
        var server = StoreServer(kind: .swarm, name: "it-renewed")
        server.hasTLS = true
        let renewed = server
        try await DaemonProcesses.with { swarmd in
            let url = try await renewed.url(of: "lab")
            let options = try await renewed.workingOptions().flatMap { ["--discovery-opt", "\($0.key)=\($0.value)"] }
            let words = ["join", "--advertise", Self.member, "--heartbeat", "1s", "--ttl", "3s"] + options + [url]
            let agent = try await swarmd.start(words, until: "registered")

            try await renewed.stop(isKilled: true)
            try await renewed.renewCertificates()
            // Nobody is a member of a manager that has forgotten all, unless it registers with the new certificate.
            try await renewed.stop(isWiped: true)
            _ = try await renewed.start()
            try await expectEventually("it has registered with the new certificate") {
                try await swarmd.run(["list"] + options + [url]).line == Self.member
            }

            agent.kill(SIGTERM)
            #expect(await agent.wait(timeout: .seconds(60)).status == 0)
            #expect(try await swarmd.run(["list"] + options + [url]).line.isEmpty)
        }
        try await renewed.stop()
    }
}
