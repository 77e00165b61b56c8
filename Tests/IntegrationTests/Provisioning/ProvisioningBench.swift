// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import PKI
import Provisioning
import SwarmCore
import Synchronization
import Testing

/// One fresh host, an authority, and everything that provisioning it takes.
struct ProvisioningBench: Sendable {
    let node: String
    let address: String
    let folder: String
    let authority: CertificateAuthority

    /// Runs `body` with a new host; removes it afterwards.
    ///
    /// - Parameters:
    ///   - image: `swarmctl/node:bookworm`, without Docker, or `swarmctl/node:docker`.
    ///   - body: the test.
    /// - Throws: what `body` throws, or why there is no host.
    static func with(
        image: String = "swarmctl/node:docker",
        _ body: (ProvisioningBench) async throws -> Void
    ) async throws {
        let node = "prov-\(UUID().uuidString.prefix(8).lowercased())"
        let folder = NSTemporaryDirectory() + node
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = try await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", folder + "/key"])
        let address = try await Testbed.startHost(node, key: folder + "/key.pub", image: image)
        let authority = try CertificateAuthority.generate(cluster: "lab", key: try PrivateKey.generate())
        let bench = ProvisioningBench(node: node, address: address, folder: folder, authority: authority)
        let result: Result<Void, any Error>
        do {
            try bench.writeIdentity()
            try await bench.waitUntilBooted()
            result = .success(try await body(bench))
        } catch {
            result = .failure(error)
        }
        try await Testbed.removeHosts([node])
        try FileManager.default.removeItem(atPath: folder)
        try result.get()
    }

    /// Waits until systemd has started everything, the engine among it.
    private func waitUntilBooted() async throws {
        _ = try await sh("systemctl is-system-running --wait")
    }

    /// What a node of the cluster "lab" is asked to be, with the address of this host.
    func request(user: String = "root") -> ProvisionRequest {
        let authority = authority
        var request = ProvisionRequest(
            host: ContainerHost(container: node, user: user),
            nodeName: "n1",
            clusterName: "lab",
            address: address,
            authority: String(decoding: authority.certificate.pem, as: UTF8.self),
            client: ClientIdentity(
                authorityPath: folder + "/ca.pem",
                certificatePath: folder + "/cert.pem",
                keyPath: folder + "/key.pem"
            ),
            templates: TemplateSource(standard: Testbed.checkout + "/templates")
        ) { pem, names in
            let profile = NodeProfile(
                node: "n1",
                cluster: "lab",
                addresses: names.filter { $0.contains(":") || $0.allSatisfy { $0.isNumber || $0 == "." } },
                dnsNames: names.filter { !$0.contains(":") && !$0.allSatisfy { $0.isNumber || $0 == "." } }
            )
            let certificate = try authority.issue(profile, for: CertificateRequest(pem: Array(pem.utf8)))
            return String(decoding: certificate.pem, as: UTF8.self)
        }
        request.engine.labels = ["provider=generic"]
        request.allowFrom = ["10.231.0.0/16"]
        return request
    }

    /// Provisions with a deadline of five minutes and returns what was changed.
    @discardableResult
    func provision(_ request: ProvisionRequest) async throws -> [String] {
        try await Provisioner().provision(request, deadline: .after(.seconds(300))).changes
    }

    /// Provisions, expecting it to fail.
    func failure(_ request: ProvisionRequest) async throws -> ProvisionError {
        try await #require(throws: ProvisionError.self) { try await provision(request) }
    }

    /// Runs a script on the host; anything but success is an error.
    @discardableResult
    func sh(_ script: String) async throws -> String {
        let result = try await Testbed.inHost(node, script)
        return result.line
    }

    /// Runs a container on the host, and returns its process.
    func runContainer(_ name: String) async throws -> String {
        let copy = "docker -H \(Testbed.engine) save busybox | docker -H \(Testbed.engine) exec -i \(node) docker load"
        let loaded = try await run("sh", ["-c", copy])
        try #require(loaded.status == 0, "\(loaded)")
        try await sh("docker run -d --name \(name) busybox sleep 1000000 >/dev/null")
        return try await process(of: name)
    }

    /// The process of a container, the same as long as it was not restarted; empty when it does not run.
    func process(of name: String) async throws -> String {
        try await sh("docker inspect --format '{{.State.Pid}} {{.State.StartedAt}} {{.State.Running}}' \(name)")
    }

    func file(_ path: String) async throws -> String {
        try await sh("cat \(path) 2>/dev/null")
    }

    private func writeIdentity() throws {
        let key = try PrivateKey.generate()
        let profile = OperatorProfile(user: "me", cluster: "lab", role: "admin")
        let request = try CertificateRequest(commonName: "me", key: key)
        try AtomicFile.write(authority.certificate.pem, to: folder + "/ca.pem")
        try AtomicFile.write(try authority.issue(profile, for: request).pem, to: folder + "/cert.pem")
        try AtomicFile.write(key.pem, to: folder + "/key.pem")
    }
}
