// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// `token://`, served by a manager, with real processes from end to end.
@Suite("Tokens", .serialized)
struct TokenIntegrationTests {
    private static let host = "127.0.0.1:19931"
    private static let manager = "127.0.0.1:19932"

    @Test("a token made at a manager is joined, listed, managed and left")
    func endToEnd() async throws {
        try await DaemonProcesses.with { swarmd in
            let url = "swarm://\(Self.host)/lab"
            let arguments = ["manage", "-H", "tcp://\(Self.host)", "--state-dir", swarmd.folder, url]
            let host = try await swarmd.start(arguments, until: "listening")

            let token = try await swarmd.run(["create", Self.host])
            #expect(token.status == 0 && token.line.count == 32, "\(token)")
            let cluster = "token://\(token.line)@\(Self.host)"
            let agent = try await swarmd.start(
                ["join", "--advertise", "127.0.0.1:19939", cluster],
                until: "registered"
            )
            let other = ["manage", "-H", "tcp://\(Self.manager)", cluster]
            try await swarmd.start(other, until: "node registered")
            #expect(try await swarmd.run(["list", cluster]).line == "127.0.0.1:19939")
            #expect(try await swarmd.run(["list", url]).line.isEmpty)
            let info = try await run("docker", ["-H", "tcp://\(Self.manager)", "info"])
            #expect(info.output.contains("127.0.0.1:19939"), "\(info)")

            // The token and its members are on disk.
            host.kill(SIGKILL)
            _ = await host.wait(timeout: .seconds(60))
            try await swarmd.start(arguments, until: "listening")
            #expect(try await swarmd.run(["list", cluster]).line == "127.0.0.1:19939")

            agent.kill(SIGTERM)
            #expect(await agent.wait(timeout: .seconds(60)).status == 0)
            #expect(try await swarmd.run(["list", cluster]).line.isEmpty)
        }
    }

    @Test("a member without a heartbeat expires, and unknown tokens and hosts are clear errors")
    func limits() async throws {
        try await DaemonProcesses.with { swarmd in
            let arguments = ["manage", "-H", "tcp://\(Self.host)", "--state-dir", swarmd.folder, "token://own"]
            try await swarmd.start(arguments, until: "listening")

            let words = ["join", "--advertise", "127.0.0.1:19939", "--heartbeat", "1s", "--ttl", "2s"]
            let agent = try await swarmd.start(words + ["token://own@\(Self.host)"], until: "registered")
            agent.kill(SIGKILL)
            _ = await agent.wait(timeout: .seconds(60))
            #expect(try await swarmd.run(["list", "token://own@\(Self.host)"]).line == "127.0.0.1:19939")
            try await expectEventually("the member expires") {
                try await swarmd.run(["list", "token://own@\(Self.host)"]).line.isEmpty
            }

            let unknown = try await swarmd.run(["list", "token://unknown@\(Self.host)"])
            #expect(unknown.status == 1 && unknown.errors.contains("no cluster has the token"), "\(unknown)")
            let hosted = try await swarmd.run(["list", "token://unknown"])
            #expect(hosted.status == 64 && hosted.errors.contains("name a manager"), "\(hosted)")
            let absent = try await swarmd.run(["create", "127.0.0.1:1"])
            #expect(absent.status == 13, "\(absent)")
        }
    }
}
