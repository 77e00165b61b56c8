// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// Creating containers when the node, or the image, is not what one would wish for.
@Suite("Placement on real engines", .serialized)
struct PlacementIntegrationTests {
    @Test("an image that only another node has goes along, and a node that has just frozen is passed by")
    func imageAndFrozenNode() async throws {
        try await LifeBench.with(2) { bench in
            // The second engine has one image that no registry knows.
            let tagged = try await bench.sh(
                """
                set -e; export DOCKER_HOST=tcp://127.0.0.1:\(bench.ports[1])
                docker create --name base busybox >/dev/null; docker commit base swarmctl.invalid/only-here:1 >/dev/null
                docker rm base >/dev/null
                """
            )
            try #require(tagged.status == 0, "\(tagged)")
            let name = try #require(try await bench.node(0)["Name"])

            let made = try await bench.docker(
                "create",
                "--name",
                "moved",
                "-e",
                "constraint:node==\(name)",
                "swarmctl.invalid/only-here:1"
            )

            #expect(made.status == 0, "\(made)")
            #expect(try await bench.engine(0, "inspect", "-f", "{{.Config.Image}}", "moved").status == 0)
            _ = try await bench.docker("rm", "moved")

            _ = try await bench.engine(1, "create", "--name", "load", "busybox")
            try await bench.wait("the second node has more containers") {
                try await bench.docker("inspect", "load").status == 0
            }
            try bench.signal(0, SIGSTOP)
            // The manager takes a node that it heard of within a second for one that answers.
            try await ContinuousClock().sleep(for: .milliseconds(1500))
            let start = ContinuousClock.now
            let elsewhere = try await bench.docker("create", "--name", "elsewhere", "busybox")

            print("create past a frozen node: \(ContinuousClock.now - start)")
            #expect(elsewhere.status == 0, "\(elsewhere)")
            #expect(try await bench.engine(1, "inspect", "elsewhere").status == 0)
            try bench.signal(0, SIGCONT)
        }
    }
}
