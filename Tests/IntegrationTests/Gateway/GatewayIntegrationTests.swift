// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// The docker CLI and raw clients against a manager over three real engines.
@Suite("Gateway over real engines", .serialized)
struct GatewayIntegrationTests {
    /// Commands run in order, first against one engine, then against the cluster.
    private static let commands: [[String]] = [
        ["run", "--rm", "busybox", "echo", "hello"], ["run", "--rm", "busybox", "sh", "-c", "exit 7"],
        ["run", "-d", "--name", "t1", "-p", "18321:80", "busybox", "sleep", "600"],
        ["exec", "t1", "sh", "-c", "exit 3"], ["exec", "t1", "echo", "inside"],
        ["inspect", "t1", "--format", "{{.Name}} {{.State.Status}}"], ["ps", "-q", "--filter", "name=nosuch"],
        ["inspect", "nosuch"], ["top", "nosuch"], ["rename", "t1", "t2"], ["pause", "t2"], ["unpause", "t2"],
        ["run", "-d", "--name", "t2", "busybox", "true"], ["stop", "-t", "0", "t2"], ["wait", "t2"], ["start", "t2"],
        ["restart", "-t", "0", "t2"], ["kill", "t2"], ["rm", "t2"], ["rm", "t2"],
        ["create", "--name", "t3", "busybox", "sh", "-c", "echo out; echo err >&2"], ["start", "-a", "t3"],
        ["logs", "t3"], ["diff", "t3"], ["rm", "-f", "t3"], ["tag", "busybox", "t4:x"], ["rmi", "t4:x"],
        ["image", "inspect", "nosuch"], ["network", "create", "t5"],
        ["network", "inspect", "-f", "{{.Name}} {{.Driver}}", "t5"],
        ["run", "--rm", "--network", "t5", "busybox", "true"], ["network", "rm", "t5"], ["network", "rm", "t5"],
        ["volume", "create", "t6"], ["volume", "inspect", "-f", "{{.Name}} {{.Driver}}", "t6"],
        ["run", "--rm", "-v", "t6:/v", "busybox", "touch", "/v/f"], ["volume", "rm", "t6"], ["service", "ls"],
    ]

    /// Ids differ from run to run.
    private static func plain(_ text: String) -> String {
        text.replacing(#/[0-9a-f]{12,64}/#, with: "ID")
    }

    @Test("the CLI's commands print and return what one engine prints and returns")
    func sameAsOneEngine() async throws {
        try await ManagedEngines.with { managed in
            for docker in ["/usr/bin/docker", "docker"] {
                var alone: [ProgramResult] = []
                for arguments in Self.commands {
                    alone.append(try await run(docker, ["-H", managed.engines[0]] + arguments))
                }
                for (arguments, expected) in zip(Self.commands, alone) {
                    let found = try await run(docker, ["-H", managed.manager] + arguments)
                    #expect(found.status == expected.status, "\(arguments): \(found)")
                    #expect(Self.plain(found.output) == Self.plain(expected.output), "\(arguments)")
                    #expect(Self.plain(found.errors) == Self.plain(expected.errors), "\(arguments)")
                }
            }
        }
    }

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
            #expect(try managed.memory() < before + (8 << 10))
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

            try await ContinuousClock().sleep(for: .seconds(1))
            #expect(try managed.descriptors() <= before + 4)
            _ = try await managed.docker("rm", "-f", "talk")
        }
    }
}
