// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import SwarmCore
import Testing

/// The real swarmctl with the `amazonec2` driver on moto's server: a machine's life, and where its secrets are not.
@Suite("swarmctl on moto", .serialized, MotoServer())
struct AmazonEC2CommandIntegrationTests {
    private static let secret = "wJalrXUtnFEMI-K7MDENG-bPxRfiCY-CLI"

    @Test("a machine lives without a secret in store, output, errors or argv, and gc finds what a kill left")
    func life() async throws {
        let store = NSTemporaryDirectory() + "swarmctl-ec2-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: store) }
        let swarmctl = CommandRun(store: store, endpoint: MotoServer.endpoint, secret: Self.secret)
        let options = ["--driver", "amazonec2", "--amazonec2-ami", "ami-12c6146b"]

        let made = try await swarmctl.run(["create", "machine", "box", "--no-provision"] + options)
        #expect(made.status == 0, "\(made.text)")
        let keys = Self.secrets(in: store)
        let stopped = try await swarmctl.run(["stop", "box"])
        let started = try await swarmctl.run(["start", "box"])
        let shown = try await swarmctl.run(["inspect", "box"])
        let refused = try await swarmctl.run(["start", "box"], secret: "")
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

    /// The files of the store that hold the secret.
    private static func secrets(in store: String) -> [String] {
        let files = FileManager.default.enumerator(atPath: store)?.compactMap { $0 as? String } ?? []
        return files.filter { file in
            let text = FileManager.default.contents(atPath: "\(store)/\(file)").map {
                String(decoding: $0, as: UTF8.self)
            }
            return text?.contains(secret) == true
        }
    }
}

/// Runs swarmctl with debugging on, and looks at the arguments of all processes while it runs.
struct CommandRun: Sendable {
    let store: String
    let endpoint: String
    let secret: String

    struct Outcome: Sendable {
        var status: Int32
        /// Output and errors.
        var text: String
        /// The command lines that were seen.
        var arguments: Set<String>
    }

    func run(_ arguments: [String], secret: String? = nil) async throws -> Outcome {
        let environment = ProcessInfo.processInfo.environment
        let program = try #require(environment["SWARMCTL_TEST_SWARMCTL"])
        let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../..").standardizedFileURL.path
        return try await runBlocking {
            let process = Process()
            let output = Pipe()
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
            process.environment = [
                "PATH": environment["PATH"] ?? "/usr/bin:/bin", "HOME": store, "SWARMCTL_STORE": "\(store)",
                "SWARMCTL_DEBUG": "1", "SWARMCTL_TEMPLATES": "\(checkout)/templates", "AWS_ENDPOINT": endpoint,
                "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": secret ?? self.secret,
            ]
            process.standardOutput = output
            process.standardError = output
            process.standardInput = FileHandle.nullDevice
            let seen = ArgumentSampler()
            try process.run()
            seen.start()
            let text = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return Outcome(
                status: process.terminationStatus,
                text: String(decoding: text, as: UTF8.self),
                arguments: seen.stop()
            )
        }
    }
}
