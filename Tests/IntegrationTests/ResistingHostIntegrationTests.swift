// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// Hosts that cannot be made nodes: each a clear error with its exit status, and neither host nor store is broken.
@Suite("Hosts that resist", .serialized)
struct ResistingHostIntegrationTests {
    /// What is wrong with the host, and what comes of it.
    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        /// Run in the host before the create.
        var script = ""
        var user = "root"
        /// Words of the command line before the hosts; `KEY` is the good key.
        var key = "KEY"
        var port = 22
        var image = "swarmctl/node:docker"
        let status: Int32
        let says: [String]
        /// Run in the host to mend it; `nil` when it cannot be mended from inside.
        var mend: String?
        var testDescription: String { name }
    }

    static let faults = [
        Fault(name: "a wrong key", key: "OTHER", status: 14, says: ["accepted no key", "ssh-ed25519"]),
        Fault(name: "a closed port", port: 2222, status: 13, says: ["refused"]),
        Fault(
            name: "no sudo",
            script: """
                useradd -m -s /bin/sh plain && mkdir /home/plain/.ssh && \
                cp /root/.ssh/authorized_keys /home/plain/.ssh/ && chown -R plain /home/plain/.ssh
                """,
            user: "plain",
            status: 14,
            says: ["plain", "sudo"],
            mend: "echo 'plain ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/plain"
        ),
        Fault(
            name: "a full disk",
            script: """
                systemctl start docker && mount -t tmpfs -o size=8k tmpfs /etc/docker && \
                head -c 8192 /dev/zero > /etc/docker/filler; true
                """,
            status: 12,
            says: ["full"],
            mend: "umount /etc/docker"
        ),
        Fault(
            name: "no network for apt",
            script: "sed -i 's/^URIs: .*/URIs: http:\\/\\/127.0.0.1:9/; s/http[^ ]*/http:\\/\\/127.0.0.1:9/' "
                + "$(find /etc/apt/sources.list /etc/apt/sources.list.d -type f)",
            image: "swarmctl/node:bookworm",
            status: 13,
            says: ["install"]
        ),
    ]

    @Test("a fault is named, with its exit status; mended, the same command goes through", arguments: faults)
    func fault(fault: Fault) async throws {
        let host = "resist-\(UUID().uuidString.prefix(6).lowercased())"
        try await Sandbox.with(clusters: ["lab"]) { sandbox in
            let address = try await Testbed.startHost(host, key: sandbox.key + ".pub", image: fault.image)
            _ = try await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", sandbox.folder + "/other"])
            let prepared = try await Testbed.inHost(host, fault.script)
            try #require(prepared.status == 0, "\(prepared)")
            let key = fault.key == "KEY" ? sandbox.key : sandbox.folder + "/other"
            let target = "\(fault.user)@\(address):\(fault.port)"
            let create = ["create", "cluster", "lab", "--host", target, "--ssh-key", key, "-y"]

            let result = try await sandbox.swarmctl(create)

            #expect(result.status == fault.status, "\(result)")
            for word in fault.says {
                #expect(result.errors.contains(word), "\(word) is not in: \(result.errors)")
            }
            let engine = try await Testbed.inHost(
                host,
                "command -v docker >/dev/null || exit 0; docker version"
            )
            #expect(engine.status == 0, "the host's engine is down: \(engine)")
            #expect(try await sandbox.swarmctl(["ls"]).status == 0)
            if let mend = fault.mend {
                _ = try await Testbed.inHost(host, mend)
                let again = try await sandbox.swarmctl(create)
                #expect(again.status == 0, "\(again)")
            }
        }
        try await Testbed.removeHosts([host])
    }

    @Test("a host whose key has changed is refused with both fingerprints")
    func changedHostKey() async throws {
        let host = "resist-\(UUID().uuidString.prefix(6).lowercased())"
        try await Sandbox.with(clusters: ["lab"]) { sandbox in
            let address = try await Testbed.startHost(host, key: sandbox.key + ".pub")
            let create = ["create", "cluster", "lab", "--host", "root@\(address)", "--ssh-key", sandbox.key, "-y"]
            let first = try await sandbox.swarmctl(create)
            try #require(first.status == 0, "\(first)")

            let changed = try await Testbed.inHost(
                host,
                """
                rm /etc/ssh/ssh_host_* && ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key && \
                systemctl restart ssh
                """
            )
            try #require(changed.status == 0, "\(changed)")
            let second = try await sandbox.swarmctl(create)

            #expect(second.status == 14, "\(second)")
            let error = second.errors.components(separatedBy: "Error: ").last ?? ""
            #expect(error.components(separatedBy: "SHA256:").count == 3, "\(second.errors)")
            let docker = try await sandbox.docker("lab", ["version", "--format", "{{.Server.Version}}"])
            #expect(docker.status == 0, "the cluster must go on: \(docker)")
        }
        try await Testbed.removeHosts([host])
    }
}
