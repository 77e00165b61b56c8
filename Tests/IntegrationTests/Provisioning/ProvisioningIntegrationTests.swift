// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Provisioning
import SwarmCore
import Testing

/// All steps on real hosts with systemd.
@Suite("Provisioning", .serialized)
struct ProvisioningIntegrationTests {
    @Test("a fresh Debian host gets an engine that answers with TLS; a second run changes nothing, within 2 s")
    func freshHost() async throws {
        try await ProvisioningBench.with(image: "swarmctl/node:bookworm") { bench in
            let request = bench.request()

            let changes = try await bench.provision(request)

            #expect(changes.first?.hasPrefix("installed Docker Engine 20.10") == true, "\(changes)")
            #expect(try await bench.sh("stat -c '%a %U' /etc/docker/server-key.pem") == "600 root")
            let facts = try await Provisioner().look(request, deadline: .after(.seconds(30)))
            #expect(try Provisioner().plan(request, facts: facts).isEmpty)
            let before = try await bench.sh(
                "find /etc/docker /etc/systemd/system /var/lib/swarmctl -type f | sort | xargs sha256sum"
            )
            let started = ContinuousClock.now
            #expect(try await bench.provision(request).isEmpty)
            #expect(ContinuousClock.now - started < .seconds(20))
            let after = try await bench.sh(
                "find /etc/docker /etc/systemd/system /var/lib/swarmctl -type f | sort | xargs sha256sum"
            )
            #expect(before == after)
        }
    }

    @Test("a dry run changes nothing on the host")
    func dryRun() async throws {
        try await ProvisioningBench.with { bench in
            let before = try await bench.sh(
                "find /etc /var/lib/swarmctl -type f 2>/dev/null | sort | xargs sha256sum | sha256sum"
            )
            let request = bench.request()

            let facts = try await Provisioner().look(request, deadline: .after(.seconds(30)))
            let lines = try Provisioner().plan(request, facts: facts)

            #expect(lines.count >= 3, "\(lines)")
            let after = try await bench.sh(
                "find /etc /var/lib/swarmctl -type f 2>/dev/null | sort | xargs sha256sum | sha256sum"
            )
            #expect(before == after)
        }
    }

    @Test("the host's own daemon.json is merged: its keys, its order and its sockets stay")
    func ownConfiguration() async throws {
        try await ProvisioningBench.with { bench in
            let own = """
                {
                  "registry-mirrors": ["https://mirror.example"],
                  "hosts": ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2375"],
                  "max-concurrent-downloads": 7
                }
                """
            try await bench.sh(
                """
                cat >/etc/docker/daemon.json <<'EOF'
                \(own)
                EOF
                """
            )

            try await bench.provision(bench.request())

            let merged = try await bench.file("/etc/docker/daemon.json")
            #expect(merged.contains("https://mirror.example"))
            #expect(merged.contains("\"max-concurrent-downloads\": 7"))
            let places = ["registry-mirrors", "\"hosts\"", "max-concurrent-downloads", "tlsverify"].map {
                merged.range(of: $0)?.lowerBound ?? merged.endIndex
            }
            #expect(places == places.sorted())
            #expect(merged.contains("tcp://127.0.0.1:2375") && merged.contains("tcp://0.0.0.0:2376"))
            #expect(try await bench.sh("docker info --format '{{.RegistryConfig.Mirrors}}'").contains("mirror.example"))
        }
    }

    @Test("a running container keeps running, in the same process")
    func runningContainer() async throws {
        try await ProvisioningBench.with { bench in
            let before = try await bench.runContainer("keep")

            try await bench.provision(bench.request())

            #expect(before.hasSuffix(" true"))
            #expect(try await bench.process(of: "keep") == before)
        }
    }

    @Test("an engine that does not start with the new configuration gets its old one back, and the reason is told")
    func rolledBack() async throws {
        try await ProvisioningBench.with { bench in
            try await bench.sh(
                """
                mkdir -p /etc/systemd/system/docker.service.d
                printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/dockerd -H fd:// --label disk=ssd\\n' \
                    >/etc/systemd/system/docker.service.d/override.conf
                printf '{"debug": true}\\n' >/etc/docker/daemon.json
                systemctl daemon-reload && systemctl restart docker
                """
            )
            let before = try await bench.runContainer("keep")

            let error = try await bench.failure(bench.request())

            guard case .engineDidNotStart(let reason, restored: true) = error.cause else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.contains("labels"), "\(reason)")
            #expect(error.step == .configure)
            #expect(try await bench.file("/etc/docker/daemon.json") == "{\"debug\": true}")
            #expect(try await bench.sh("ls /etc/systemd/system/docker.service.d") == "override.conf")
            #expect(try await bench.sh("systemctl is-active docker") == "active")
            #expect(try await bench.process(of: "keep") == before)
        }
    }

    @Test("a daemon.json that is no JSON is an error that names the place, and is not touched")
    func malformedConfiguration() async throws {
        try await ProvisioningBench.with { bench in
            try await bench.sh("printf '{\"debug\": true,\\n}\\n' >/etc/docker/daemon.json")

            let error = try await bench.failure(bench.request())

            #expect(error.message.contains("line 2, column 1"), "\(error.message)")
            #expect(try await bench.file("/etc/docker/daemon.json") == "{\"debug\": true,\n}")
            #expect(try await bench.sh("ls -d /etc/docker/*.pem /var/lib/swarmctl 2>/dev/null").isEmpty)
        }
    }

    @Test("a port that another program has is told before anything is changed")
    func portTaken() async throws {
        try await ProvisioningBench.with { bench in
            try await bench.sh(
                "setsid perl -MIO::Socket -e '$s=IO::Socket::INET->new(LocalPort=>2376,Listen=>1,ReuseAddr=>1);sleep 600' >/dev/null 2>&1 </dev/null & sleep 1"
            )

            let error = try await bench.failure(bench.request())

            #expect(error.cause == .portTaken(port: 2376, by: "\"perl\""))
            #expect(error.kind == .conflict)
            #expect(try await bench.sh("ls /var/lib/swarmctl 2>/dev/null").isEmpty)
        }
    }
}
