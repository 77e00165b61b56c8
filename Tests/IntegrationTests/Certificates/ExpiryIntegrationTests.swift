// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// All certificates of a cluster of real hosts end, and are renewed.
@Suite("Certificates that end", .serialized)
struct ExpiryIntegrationTests {
    /// How long certificates live that are made to end: enough to be installed, on a machine that is slow.
    static let life = 45

    @Test("there are warnings, then both sides refuse and say why, and renewing alone repairs it")
    func shortLife() async throws {
        try await Self.showExpiry(life: Self.life)
    }

    /// Makes a cluster, has its certificates end after `life` seconds, and renews them.
    static func showExpiry(life: Int) async throws {
        let cluster = "ends-\(UUID().uuidString.prefix(6).lowercased())"
        try await Sandbox.with(clusters: [cluster]) { sandbox in
            let created = try await sandbox.swarmctl([
                "create", "cluster", cluster, "--nodes", "1", "--days", "20", "--local-image", "swarmctl/node:docker",
                "-y",
            ])
            try #require(created.status == 0, "\(created)")
            let guest = try await Guest(in: sandbox, cluster)
            try await expectWarnings(cluster, sandbox, guest)

            let rotated = try await sandbox.swarmctl(["rotate", "certs", cluster, "--days", "\(life)s", "-y"])
            try #require(rotated.status == 0, "\(rotated)")
            try await waitForEnd(of: cluster, sandbox)
            try await expectRefusals(cluster, sandbox, guest)

            let repaired = try await sandbox.swarmctl(["rotate", "certs", cluster])
            #expect(repaired.status == 0, "\(repaired)")
            try await eventually("the cluster works again") {
                try await sandbox.docker(cluster, ["info"]).output.contains("Status: Healthy")
            }
            try await eventually("status says so") {
                let status = try await sandbox.swarmctl(["status", cluster])
                return status.status == 0 && status.output.contains("Running") && !status.errors.contains("ended")
            }
        }
    }

    /// Somebody with a certificate that goes on, who does not look at that of the manager.
    private struct Guest {
        let folder: String
        let url: String

        init(in sandbox: Sandbox, _ cluster: String) async throws {
            folder = sandbox.folder + "/guest"
            let issued = try await sandbox.swarmctl(["certs", "issue", "guest", "--role", "operator", "--out", folder])
            try #require(issued.status == 0, "\(issued)")
            url =
                try await sandbox.dockerEnvironment(cluster)["DOCKER_HOST"]?.replacing("tcp://", with: "https://") ?? ""
        }

        /// What the manager answers to a GET.
        func get(_ path: String, from folder: String? = nil) async throws -> ProgramResult {
            let own = folder ?? self.folder
            return try await run(
                "curl",
                ["-ksS", "--max-time", "30", "--cert", own + "/cert.pem", "--key", own + "/key.pem", url + path]
            )
        }
    }

    private static func expectWarnings(_ cluster: String, _ sandbox: Sandbox, _ guest: Guest) async throws {
        for words in [["ls"], ["status", cluster]] {
            let said = try await sandbox.swarmctl(words)
            #expect(said.errors.contains("the operator's certificate ends on"), "\(said)")
            #expect(said.errors.contains("the certificate of \(cluster)-1 ends on"), "\(said)")
            #expect(said.errors.contains("swarmctl rotate certs \(cluster)"), "\(said)")
        }
        let info = try await sandbox.docker(cluster, ["info"])
        let warnings = info.output + info.errors
        #expect(warnings.contains("the manager's certificate ends at"), "\(info)")
        #expect(warnings.contains("\(cluster)-1: its certificate ends at"), "\(info)")
        let metrics = try await guest.get("/metrics").output
        for name in [
            "swarm_certificate_expiry_seconds ", "swarm_node_certificate_expiry_seconds{node=\"\(cluster)-1\"} ",
        ] {
            let line = metrics.split(separator: "\n").first { $0.hasPrefix(name) }
            let days = line.flatMap { Double($0.dropFirst(name.count)) }.map {
                ($0 - Date().timeIntervalSince1970) / 86_400
            }
            #expect(days.map { (19...20).contains($0) } == true, "\(name): \(metrics)")
        }
    }

    /// Waits until the operator's certificate, which is the oldest, and the hosts' have ended.
    private static func waitForEnd(of cluster: String, _ sandbox: Sandbox) async throws {
        for _ in 0..<600 {
            let status = try await sandbox.swarmctl(["certs", "ls", cluster])
            let rows = status.output.split(separator: "\n").filter {
                $0.contains(" operator ") || $0.contains(" node ")
            }
            if rows.count == 2, rows.allSatisfy({ $0.contains(" ended ") }) {
                return
            }
            try await ContinuousClock().sleep(for: .milliseconds(500))
        }
        Issue.record("the certificates have not ended")
    }

    private static func expectRefusals(_ cluster: String, _ sandbox: Sandbox, _ guest: Guest) async throws {
        let status = try await sandbox.swarmctl(["status", cluster])
        #expect(status.status != 0 && status.errors.contains("its certificate has expired"), "\(status)")
        #expect(status.errors.contains("the certificate of \(cluster)-1 ended on"), "\(status)")
        #expect(status.errors.contains("renew it with `swarmctl rotate certs \(cluster)`"), "\(status)")
        let docker = try await sandbox.docker(cluster, ["ps"])
        #expect(docker.status != 0 && docker.errors.contains("certificate has expired"), "\(docker)")

        // The manager refuses the operator, and notes whom and why.
        let own = try await guest.get("/info", from: "\(sandbox.store)/clusters/\(cluster)/pki")
        #expect(own.status != 0 && own.errors.contains("expired"), "\(own)")
        let host = try #require(try await Testbed.hosts(of: cluster)[cluster + "-1"])
        let log = try await Testbed.inHost(host, "docker logs swarm-agent-master 2>&1")
        #expect(log.output.contains("\" has expired, "), "\(log)")

        // The manager refuses its engine, and says so to those whom it still serves.
        try await eventually("the manager says whose certificate has expired, and what to do") {
            let info = try await guest.get("/info").output
            return info.contains("the certificate of \\\"\(cluster)-1\\\" has expired")
                || info.contains("own certificate has expired")
        }
        #expect(try await guest.get("/info").output.contains("swarmctl rotate certs"))
    }
}

/// What takes longer than CI has.
@Suite("Certificates that end after two minutes", .serialized)
struct ExpirySoakTests {
    @Test("there are warnings, then both sides refuse and say why, and renewing alone repairs it")
    func twoMinutes() async throws {
        try await ExpiryIntegrationTests.showExpiry(life: 120)
    }
}
