// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// The docker CLI and raw clients against a manager over three real engines.
@Suite("Gateway over real engines", .serialized)
struct GatewayIntegrationTests {
    @Test("a gibibyte goes in and out unchanged, and costs the manager no memory")
    func largeStreams() async throws {
        try await ManagedEngines.with { managed in
            let started = try await managed.docker("run", "-d", "--name", "big", "busybox", "sleep", "600")
            try #require(started.status == 0, "\(started)")
            let before = try managed.memory()
            let script = """
                set -e; f=$(mktemp); trap 'rm -f $f' EXIT
                head -c 1073741824 /dev/urandom >$f; md5sum <$f
                docker -H \(managed.manager) cp $f big:/f
                docker -H \(managed.manager) exec big md5sum /f | sed 's/f$/-/; s#/-#-#'
                docker -H \(managed.manager) exec big cat /f | md5sum
                docker -H \(managed.manager) exec -i big md5sum <$f
                """

            let result = try await run("bash", ["-c", script])

            let sums = result.output.split(separator: "\n")
            #expect(result.status == 0 && sums.count == 4 && Set(sums).count == 1, "\(result)")
            #expect(try managed.memory() < before + (64 << 10), "KiB: a stream was gathered")
            _ = try await managed.docker("rm", "-f", "big")
        }
    }

    @Test("clients killed in mid-stream leave no descriptor behind")
    func killedClients() async throws {
        try await ManagedEngines.with { managed in
            let started = try await managed.docker(
                "run",
                "-d",
                "--name",
                "talk",
                "busybox",
                "sh",
                "-c",
                "while true; do date; sleep 0.1; done"
            )
            try #require(started.status == 0, "\(started)")
            let before = try managed.descriptors()
            for _ in 0..<10 {
                let clients = try [["logs", "-f", "talk"], ["attach", "talk"], ["events"], ["stats", "talk"]].map {
                    try RunningCommand("docker", ["-H", managed.manager] + $0)
                }
                try await ContinuousClock().sleep(for: .milliseconds(300))
                for client in clients {
                    client.kill()
                    _ = await client.wait()
                }
            }

            let end = ContinuousClock.now + .seconds(60)
            while try managed.descriptors() > before + 4, ContinuousClock.now < end {
                try await ContinuousClock().sleep(for: .milliseconds(200))
            }
            #expect(try managed.descriptors() <= before + 4)
            _ = try await managed.docker("rm", "-f", "talk")
        }
    }
}
