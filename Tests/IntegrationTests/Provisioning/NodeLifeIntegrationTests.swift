// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Provisioning
import SwarmCore
import Testing

/// What comes after the engine: our containers, renewal, and giving the host back.
@Suite("The life of a node", .serialized)
struct NodeLifeIntegrationTests {
    /// The files of a host that provisioning may touch.
    private static let fingerprint = """
        find /etc/docker /etc/systemd/system /etc/hosts /etc/hostname -type f ! -name key.json | sort | xargs sha256sum
        ls -d /var/lib/swarmctl 2>/dev/null
        """

    /// The image of an executable that stays up whatever it is told to do.
    private func image(_ bench: ProvisioningBench, version: String = "1") async throws -> SwarmdImage {
        let source = bench.folder + "/swarmd.c"
        let executable = bench.folder + "/swarmd"
        try AtomicFile.write("#include <unistd.h>\nint main(void) { for (;;) pause(); }\n", to: source)
        let compiled = try await run("clang", ["-static", "-o", executable, source])
        try #require(compiled.status == 0, "\(compiled)")
        return try await SwarmdImage.make(executable: executable, folder: bench.folder, version: version)
    }

    private func node(_ bench: ProvisioningBench) async throws -> ProvisionRequest {
        var request = bench.request()
        request.image = try await image(bench)
        request.agent = AgentSpec(
            discovery: "swarm://\(bench.address):3376/lab",
            advertise: "\(bench.address):2376",
            arguments: ["--name", "n1"]
        )
        request.manager = ManagerSpec(discovery: "swarm://\(bench.address):3376/lab")
        return request
    }

    @Test("agent and manager run from an image without a registry, are kept, and replaced only if different")
    func containers() async throws {
        try await ProvisioningBench.with { bench in
            var request = try await node(bench)

            let changes = try await bench.provision(request)

            #expect(changes.suffix(2) == ["started swarm-agent-master", "started swarm-agent"], "\(changes)")
            let agent = try await bench.process(of: "swarm-agent")
            #expect(agent.hasSuffix(" true"))
            #expect(
                try await bench.sh("docker inspect -f '{{json .Args}}' swarm-agent")
                    == #"["join","--advertise","\#(bench.address):2376","--health","unix:///run/swarmd/agent.sock","#
                    + #""--name","n1","swarm://\#(bench.address):3376/lab"]"#
            )
            let started = ContinuousClock.now
            #expect(try await bench.provision(request).isEmpty)
            #expect(ContinuousClock.now - started < .seconds(20))
            let facts = try await Provisioner().look(request, deadline: .after(.seconds(30)))
            #expect(try Provisioner().plan(request, facts: facts).isEmpty)
            request.manager = nil
            #expect(try await bench.provision(request) == ["removed swarm-agent-master"])
            #expect(try await bench.process(of: "swarm-agent") == agent)
            try await bench.sh("docker stop -t 0 swarm-agent")
            #expect(try await bench.provision(request) == ["started swarm-agent"])
            request.agent?.arguments = ["--name", "n2"]
            #expect(try await bench.provision(request) == ["replaced swarm-agent"])
        }
    }

    @Test("a program that ends at once is an error with what it wrote")
    func endsAtOnce() async throws {
        try await ProvisioningBench.with { bench in
            var request = try await node(bench)
            let source = bench.folder + "/bad.c"
            try AtomicFile.write(
                "#include <stdio.h>\nint main(void) { fputs(\"no such flag\\n\", stderr); return 64; }\n",
                to: source
            )
            _ = try await run("clang", ["-static", "-o", bench.folder + "/bad", source])
            request.image = try await SwarmdImage.make(
                executable: bench.folder + "/bad",
                folder: bench.folder,
                version: "2"
            )

            let error = try await bench.failure(request)

            guard case .containerDidNotStay(name: "swarm-agent-master", let reason) = error.cause else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.contains("no such flag"))
        }
    }

    @Test("a renewed certificate has a new key; no container of others stops, daemon.json stays as it is")
    func renewal() async throws {
        try await ProvisioningBench.with { bench in
            var request = bench.request()
            try await bench.provision(request)
            let process = try await bench.runContainer("keep")
            let before = try await bench.sh("sha256sum /etc/docker/server-key.pem /etc/docker/daemon.json")
            request.renewsCertificate = true

            try await bench.provision(request)

            let after = try await bench.sh("sha256sum /etc/docker/server-key.pem /etc/docker/daemon.json")
            #expect(before.split(separator: "\n").first != after.split(separator: "\n").first)
            #expect(before.split(separator: "\n").last == after.split(separator: "\n").last)
            #expect(try await bench.process(of: "keep") == process)
        }
    }

    @Test("uninstall gives an adopted host back as it was; containers of others keep running")
    func uninstall() async throws {
        try await ProvisioningBench.with { bench in
            try await bench.sh("printf '{\"debug\": true}\\n' >/etc/docker/daemon.json; systemctl restart docker")
            let process = try await bench.runContainer("keep")
            let before = try await bench.sh(Self.fingerprint)
            var request = try await node(bench)
            request.hostName = "renamed"
            try await bench.provision(request)
            #expect(try await bench.sh("hostname") == "renamed")

            let undone = try await Provisioner().uninstall(request, purge: false, deadline: .after(.seconds(120)))

            #expect(undone.contains("removed the container swarm-agent"), "\(undone)")
            #expect(try await bench.sh(Self.fingerprint) == before)
            #expect(try await bench.sh("hostname") == bench.node)
            #expect(try await bench.process(of: "keep") == process)
            #expect(try await bench.sh("docker ps -aq | wc -l; docker images -q swarmd | wc -l") == "1\n0")
            #expect(
                try await Provisioner().uninstall(request, purge: false, deadline: .after(.seconds(60))).isEmpty,
                "there is nothing left to undo"
            )
        }
    }

    @Test("what the owner changed in daemon.json since stays when the host is given back")
    func uninstallKeepsChanges() async throws {
        try await ProvisioningBench.with { bench in
            try await bench.sh("printf '{\"debug\": true}\\n' >/etc/docker/daemon.json; systemctl restart docker")
            try await bench.provision(bench.request())
            try await bench.sh(
                "sed -i 's/\"debug\": true/\"debug\": false, \"max-concurrent-uploads\": 2/' /etc/docker/daemon.json"
            )

            _ = try await Provisioner().uninstall(bench.request(), purge: false, deadline: .after(.seconds(120)))

            let object = try JSONSerialization.jsonObject(
                with: Data(try await bench.file("/etc/docker/daemon.json").utf8)
            )
            let left = try #require(object as? [String: Int])
            #expect(left == ["debug": 0, "max-concurrent-uploads": 2])
        }
    }

    @Test("with purge an engine that we installed goes too, with its packages")
    func purge() async throws {
        try await ProvisioningBench.with(image: "swarmctl/node:bookworm") { bench in
            let before = try await bench.sh("dpkg-query -W -f '${Package}\\n' | sort")
            try await bench.provision(bench.request())

            let undone = try await Provisioner().uninstall(
                bench.request(),
                purge: true,
                deadline: .after(.seconds(120))
            )

            #expect(undone.contains { $0.contains("docker.io") }, "\(undone)")
            #expect(
                try await bench.sh(
                    "command -v dockerd; ls -A /var/lib/docker; ls -d /etc/docker /var/lib/swarmctl 2>/dev/null"
                ).isEmpty
            )
            #expect(
                try await bench.sh("dpkg-query -W -f '${db:Status-Abbrev} ${Package}\\n' | sed -n 's/^i. *//p' | sort")
                    == before
            )
            try await bench.provision(bench.request())
        }
    }
}
