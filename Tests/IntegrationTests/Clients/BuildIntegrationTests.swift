// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// BuildKit's clients on three engines: their sessions reach the node of the build.
@Suite("BuildKit", .serialized)
struct BuildIntegrationTests {
    private static let folder = Testbed.checkout + "/Tests/IntegrationTests/Clients/Fixtures/build"

    @Test("docker build with BuildKit is placed by a constraint, and buildx builds, both with files and a secret")
    func sessions() async throws {
        let root = try await run(Testbed.checkout + "/Scripts/testbed/suite.sh", ["root", "sid"])
        try #require(root.status == 0, "\(root)")
        try await ManagedEngines.with { managed in
            let node = try await managed.docker("info", "--format", "{{json .SystemStatus}}")
            let names = node.output.split(separator: "\"").filter { $0.hasPrefix(" ") && !$0.contains("└") }
            let last = try #require(names.last?.trimmingCharacters(in: .whitespaces))
            let environment = ["DOCKER_HOST": managed.manager, "DOCKER_BUILDKIT": "1", "DOCKER_CONTEXT": ""]
            let words = ["--secret", "id=word,src=\(Self.folder)/word", "--progress", "plain", Self.folder]
            let plugin = root.line + "/usr/libexec/docker/cli-plugins/docker-buildx"

            let placed = try await run(
                "/usr/bin/docker",
                ["build", "-t", "one", "--build-arg", "constraint:node==\(last)"] + words,
                environment: environment,
                timeout: .seconds(120)
            )
            let extended = try await run(
                plugin,
                ["build", "-t", "two"] + words,
                environment: environment,
                timeout: .seconds(120)
            )

            #expect(placed.status == 0, "\(placed)")
            #expect(extended.status == 0, "\(extended)")
            for image in ["one", "two"] {
                let shown = try await managed.docker("run", "--rm", image)
                #expect(shown.output == "hello\nsesame\n", "\(shown)")
            }
            let there = try await managed.docker("images", "-q", "--filter", "node=\(last)", "one")
            #expect(!there.output.isEmpty, "\(there)")
            for engine in managed.engines {
                _ = try await run("docker", ["-H", engine, "rmi", "one", "two"])
            }
        }
    }
}
