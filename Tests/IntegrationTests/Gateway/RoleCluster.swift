// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import SwarmCore
import Testing

/// Two engines and a manager with TLS, and a user for each role.
struct RoleCluster: Sendable {
    /// The users, and the organizational units of their certificates.
    static let users = [
        ("admin", "admin"), ("operator", "operator"), ("viewer", "viewer"), ("blue", "ns:blue"), ("red", "ns:red"),
        ("host", "node"), ("nobody", ""),
    ]
    private static let engines = ["roles-1", "roles-2"]
    static let port = 24_869

    let folder: String
    var auditLog: String { folder + "/audit.log" }

    /// Runs `body` with the cluster, whose nodes have the image busybox and nothing else.
    static func with(_ body: (RoleCluster) async throws -> Void) async throws {
        try await DaemonProcesses.with { processes in
            let cluster = RoleCluster(folder: processes.folder)
            try await cluster.makeCertificates()
            let result: Result<Void, any Error>
            do {
                try await cluster.start(processes)
                result = .success(try await body(cluster))
            } catch {
                result = .failure(error)
            }
            for name in engines {
                try await Testbed.stopEngine(name)
            }
            try result.get()
        }
    }

    private func makeCertificates() async throws {
        let script = Testbed.checkout + "/Scripts/testbed/certificates.sh"
        for words in [[]] + Self.users.map({ [$0.0, $0.1] }) {
            let made = try await run(script, [folder] + words)
            try #require(made.status == 0, "\(made)")
        }
    }

    private func start(_ processes: DaemonProcesses) async throws {
        var addresses: [String] = []
        for (index, name) in Self.engines.enumerated() {
            addresses.append(try await Testbed.startEngine(name, port: 24_861 + index, certificates: folder))
        }
        try await processes.start(
            [
                "manage", "--tlsverify", "--tlscacert", folder + "/ca.pem", "--tlscert", folder + "/cert.pem",
                "--tlskey",
                folder + "/key.pem", "--audit-log", auditLog, "-H", "tcp://127.0.0.1:\(Self.port)", "-H",
                "unix://\(folder)/sock", "nodes://\(addresses.joined(separator: ","))",
            ],
            of: Testbed.swarmctl,
            until: "listening"
        )
        try await withDeadline(.after(.seconds(60)), operation: "waiting for the engines") {
            while try await docker("local", "info").output.components(separatedBy: "Healthy").count < 3 {
                try await ContinuousClock().sleep(for: .milliseconds(200))
            }
        }
        let loaded = try await docker("local", "load", "-i", Testbed.busybox)
        try #require(loaded.status == 0, "\(loaded)")
    }

    /// Runs the docker CLI as one of the users; `local` comes over the socket.
    func docker(_ user: String, _ words: String..., input: Data? = nil) async throws -> ProgramResult {
        try await docker(user, words, input: input)
    }

    func docker(_ user: String, _ words: [String], input: Data? = nil) async throws -> ProgramResult {
        let access =
            user == "local"
            ? ["-H", "unix://\(folder)/sock"]
            : [
                "--tlsverify", "--tlscacert", folder + "/ca.pem", "--tlscert", "\(folder)/\(user).pem", "--tlskey",
                "\(folder)/\(user)-key.pem", "-H", "tcp://127.0.0.1:\(Self.port)",
            ]
        return try await run(
            "docker",
            access + words,
            environment: ["HOME": folder, "DOCKER_BUILDKIT": "0"],
            input: input,
            timeout: .seconds(120)
        )
    }

    /// The status of a call as one of the users.
    func status(_ user: String, _ method: String, _ path: String, headers: [String] = [], body: String = "")
        async throws
        -> String
    {
        let flags = method == "HEAD" ? ["-I"] : ["-X", method] + (method == "GET" ? [] : ["-d", body])
        return try await run(
            "curl",
            credentials(user) + flags + headers.flatMap { ["-H", $0] } + [
                "-s", "-m", "60", "-o", "/dev/null", "-w", "%{http_code}", "https://127.0.0.1:\(Self.port)\(path)",
            ]
        ).output
    }

    func credentials(_ user: String) -> [String] {
        ["--cacert", folder + "/ca.pem", "--cert", "\(folder)/\(user).pem", "--key", "\(folder)/\(user)-key.pem"]
    }
}
