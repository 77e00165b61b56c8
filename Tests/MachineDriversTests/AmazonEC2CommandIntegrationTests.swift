// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// The real swarmctl with the `amazonec2` driver on moto's server: a machine's life, and where its secrets are not.
@Suite("swarmctl on moto", .serialized, MotoServer())
struct AmazonEC2CommandIntegrationTests {
    private static let secret = "wJalrXUtnFEMI-K7MDENG-bPxRfiCY-CLI"

    @Test("a machine lives without a secret in store, output, errors or argv, and gc finds what a kill left")
    func life() async throws {
        let store = NSTemporaryDirectory() + "swarmctl-ec2-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: store) }
        let account = ["AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": Self.secret]
        let swarmctl = CommandRun(
            store: store,
            environment: account.merging(["AWS_ENDPOINT": MotoServer.endpoint]) { $1 }
        )
        let options = ["--driver", "amazonec2", "--amazonec2-ami", "ami-12c6146b"]

        let made = try await swarmctl.run(["create", "machine", "box", "--no-provision"] + options)
        #expect(made.status == 0, "\(made.text)")
        let keys = swarmctl.files(with: [Self.secret])
        let stopped = try await swarmctl.run(["stop", "box"])
        let started = try await swarmctl.run(["start", "box"])
        let shown = try await swarmctl.run(["inspect", "box"])
        let refused = try await swarmctl.run(["start", "box"], with: ["AWS_SECRET_ACCESS_KEY": ""])
        // The record goes, the machine stays: what a store that was lost leaves behind.
        try FileManager.default.removeItem(atPath: "\(store)/machines/box")
        let collected = try await swarmctl.run(["gc", "--driver", "amazonec2", "--all", "-y"])
        let empty = try await swarmctl.run(["gc", "--driver", "amazonec2", "--all", "-y"])

        #expect(stopped.status == 0 && started.status == 0 && collected.status == 0, "\(stopped.text)\(started.text)")
        #expect(shown.text.contains("env:AWS_SECRET_ACCESS_KEY"), "the record says where the secret is")
        #expect(refused.status != 0)
        for kind in ["instance", "security group", "key pair"] {
            #expect(collected.text.contains(kind), "\(collected.text)")
        }
        #expect(empty.text.contains("nothing was left behind"), "\(empty.text)")
        for run in [made, stopped, started, shown, refused, collected, empty] {
            #expect(!run.text.contains(Self.secret), "in the output")
            #expect(!run.text.contains("PRIVATE KEY"), "in the output")
            #expect(!run.arguments.contains { $0.contains(Self.secret) }, "in argv")
        }
        #expect(keys.isEmpty, "in the store: \(keys)")
    }
}
