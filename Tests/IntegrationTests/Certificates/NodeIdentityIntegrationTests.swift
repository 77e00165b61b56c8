// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import PKI
import SwarmCore
import Testing

/// A node is known by the name in its certificate, and not by where it is.
@Suite("Nodes by name", .serialized)
struct NodeIdentityIntegrationTests {
    private static let engines = [("copied-1", 24_891), ("copied-2", 24_892)]
    private static let port = 24_890

    /// Makes a node's certificate that is for none of its addresses, as if it had moved, and the manager's.
    ///
    /// Engines of the testbed are called by their own names; those of a real copy would be the same.
    private static func makeCertificates(in folder: String) async throws {
        let store = AuthorityStore(folder: folder + "/pki")
        let authority = try store.ensureAuthority(cluster: "lab")
        let key = try PrivateKey.generate()
        let request = try CertificateRequest(commonName: "manager", key: key)
        let profile = NodeProfile(node: "manager", cluster: "lab", addresses: [])
        try AtomicFile.write(authority.issue(profile, for: request).pem, to: folder + "/manager.pem")
        try AtomicFile.write(key.pem, to: folder + "/manager-key.pem")
        let made = try await run(
            "sh",
            [
                "-ec",
                """
                cd \(folder)
                printf 'subjectAltName=DNS:copied-1,DNS:copied-2\\nextendedKeyUsage=serverAuth,clientAuth\\n' >extensions
                mkdir node
                cp pki/ca.pem node/ca.pem
                openssl req -newkey rsa:2048 -nodes -keyout node/key.pem -out csr.pem -subj /O=lab/CN=copied-1
                openssl x509 -req -in csr.pem -CA pki/ca.pem -CAkey pki/ca-key.pem -CAcreateserial -days 90 \\
                    -extfile extensions -out node/cert.pem
                """,
            ]
        )
        try #require(made.status == 0, "\(made)")
    }

    /// The lines of `docker info` about the node at an address.
    private static func node(at port: Int, _ folder: String) async throws -> String {
        let info = try await run("docker", ["-H", "unix://\(folder)/sock", "info"], timeout: .seconds(60))
        let parts = info.output.components(separatedBy: ": 127.0.0.1:\(port)\n")
        return parts.count == 2 ? parts[1].components(separatedBy: "ServerVersion")[0] : ""
    }

    @Test("a copy of a host with its keys stays out, which info explains, until the other one is gone")
    func copies() async throws {
        try await DaemonProcesses.with { processes in
            let folder = processes.folder
            try await Self.makeCertificates(in: folder)
            let result: Result<Void, any Error>
            do {
                result = .success(try await Self.showCopies(processes, folder))
            } catch {
                result = .failure(error)
            }
            for (name, _) in Self.engines {
                try await Testbed.stopEngine(name)
            }
            try result.get()
        }
    }

    private static func showCopies(_ processes: DaemonProcesses, _ folder: String) async throws {
        let (first, second) = (engines[0], engines[1])
        let address = try await Testbed.startEngine(first.0, port: first.1, certificates: folder + "/node")
        try await processes.start(
            [
                "manage", "--tlsverify", "--tlscacert", folder + "/pki/ca.pem", "--tlscert", folder + "/manager.pem",
                "--tlskey", folder + "/manager-key.pem", "--state-dir", folder + "/state", "-H",
                "tcp://127.0.0.1:\(port)", "-H", "unix://\(folder)/sock", "nodes://\(address),127.0.0.1:\(second.1)",
            ],
            of: Testbed.swarmctl,
            until: "listening"
        )
        try await eventually("the node works at an address that its certificate does not have") {
            try await node(at: first.1, folder).contains("Status: Healthy")
        }

        _ = try await Testbed.startEngine(second.0, port: second.1, certificates: folder + "/node")

        try await eventually("its copy stays out, and info says why") {
            let copy = try await node(at: second.1, folder)
            return copy.contains("Status: Unhealthy") && copy.contains("is also that of")
                && copy.contains("127.0.0.1:\(first.1)") && copy.contains("add node")
        }
        #expect(try await node(at: first.1, folder).contains("Status: Healthy"))

        try await Testbed.stopEngine(first.0)

        try await eventually("what was taken for a copy is the node, which has moved") {
            try await node(at: second.1, folder).contains("Status: Healthy")
        }
    }

    // MARK: A host that moves

    /// Gives a host another address on the network that it is in; nothing on it is told.
    private static func move(_ host: String, from address: String) async throws {
        let parts = address.split(separator: ".")
        let other = (parts.dropLast() + [parts.last == "211" ? "212" : "211"]).joined(separator: ".")
        let moved = try await run(
            "sh",
            [
                "-ec",
                """
                network=$(docker inspect -f '{{range $name, $end := .NetworkSettings.Networks}}{{$name}}{{end}}' \(host))
                docker network disconnect "$network" \(host)
                docker network connect --ip \(other) "$network" \(host)
                """,
            ],
            environment: ["DOCKER_HOST": Testbed.engine]
        )
        try #require(moved.status == 0, "\(moved)")
    }

    @Test("a host whose address changes goes on as the same node, with the certificate that it has")
    func moves() async throws {
        let cluster = "moved-\(UUID().uuidString.prefix(6).lowercased())"
        try await Sandbox.with(clusters: [cluster]) { sandbox in
            let created = try await sandbox.swarmctl([
                "create", "cluster", cluster, "--nodes", "2", "--local-image", "swarmctl/node:docker", "-y",
            ])
            try #require(created.status == 0, "\(created)")
            let machine = cluster + "-2"
            let host = try #require(try await Testbed.hosts(of: cluster)[machine])
            let before = try await sandbox.swarmctl(["ip", machine]).line
            let certificate = try await Testbed.inHost(host, "sha256sum /etc/docker/server.pem").line

            try await Self.move(host, from: before)
            try await Self.expectMoved(machine, from: before, cluster, sandbox)
            #expect(try await Testbed.inHost(host, "sha256sum /etc/docker/server.pem").line == certificate)
        }
    }

    private static func expectMoved(
        _ machine: String,
        from before: String,
        _ cluster: String,
        _ sandbox: Sandbox
    ) async throws {
        try await eventually("the node is healthy at another address, and gone from the old one") {
            let status = try await sandbox.swarmctl(["status", cluster])
            let lines = status.output.split(separator: "\n").filter { $0.hasPrefix(machine + " ") }
            return lines.count == 1 && lines[0].contains("Healthy") && !lines[0].contains("\(before):")
        }
        let again = try await sandbox.docker(cluster, ["load", "-i", Testbed.busybox])
        #expect(again.status == 0, "\(again)")
        let ran = try await sandbox.docker(
            cluster,
            ["run", "--rm", "-e", "constraint:node==\(machine)", "busybox", "echo", "moved"]
        )
        #expect(ran.line == "moved", "\(ran)")
    }
}
