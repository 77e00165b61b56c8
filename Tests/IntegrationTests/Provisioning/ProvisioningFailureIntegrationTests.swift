// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Provisioning
import SwarmCore
import Testing

/// Hosts that cannot be provisioned as they are: each a clear error, none left broken.
@Suite("Provisioning that fails", .serialized)
struct ProvisioningFailureIntegrationTests {
    @Test("a user without sudo is told what to do; nothing is changed")
    func noSudo() async throws {
        try await ProvisioningBench.with { bench in
            try await bench.sh("useradd -m dev")

            let error = try await bench.failure(bench.request(user: "dev"))

            #expect(error.cause == .noPrivilege(user: "dev"))
            #expect(error.step == .privilege)
            #expect(error.kind == .denied)
            #expect(try await bench.sh("ls -d /etc/docker/*.pem /var/lib/swarmctl 2>/dev/null").isEmpty)
        }
    }

    @Test("a user with password-less sudo provisions like root")
    func sudo() async throws {
        try await ProvisioningBench.with { bench in
            try await bench.sh("useradd -m ops; echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ops")

            try await bench.provision(bench.request(user: "ops"))

            #expect(try await bench.sh("stat -c '%a %U' /etc/docker/server-key.pem") == "600 root")
            #expect(try await bench.provision(bench.request(user: "ops")).isEmpty)
        }
    }

    @Test("a disk without room for an engine is told before anything is installed")
    func fullDisk() async throws {
        try await ProvisioningBench.with(image: "swarmctl/node:bookworm") { bench in
            try await bench.sh("mount -t tmpfs -o size=8m tmpfs /var/cache")

            let error = try await bench.failure(bench.request())

            #expect(error.cause == .diskFull(path: "/var/cache", free: "8 MiB"))
            #expect(error.kind == .noCapacity)
            #expect(try await bench.sh("ls -d /var/lib/swarmctl 2>/dev/null").isEmpty)
        }
    }

    @Test("a disk that turns out to be too small while packages are fetched is told as such")
    func diskFillsUp() async throws {
        try await ProvisioningBench.with(image: "swarmctl/node:bookworm") { bench in
            try await bench.sh(
                "mkdir -p /var/cache/apt/archives; mount -t tmpfs -o size=8m tmpfs /var/cache/apt/archives"
            )

            let error = try await bench.failure(bench.request())

            guard case .diskFull(path: "/var/cache/apt/archives", _) = error.cause else {
                Issue.record("\(error)")
                return
            }
            #expect(try await bench.sh("dpkg --audit").isEmpty)
            try await bench.sh("umount /var/cache/apt/archives")
            try await bench.provision(bench.request())
        }
    }

    @Test("a disk without room for the configuration leaves the engine as it was")
    func fullEtc() async throws {
        try await ProvisioningBench.with { bench in
            try await bench.sh(
                """
                printf '{"debug": true}\\n' >/etc/docker/daemon.json && systemctl start docker
                cp -a /etc/docker /tmp/docker && mount -t tmpfs -o size=12k tmpfs /etc/docker
                cp -a /tmp/docker/. /etc/docker/ && head -c 100000 /dev/zero >/etc/docker/filler
                """
            )

            let error = try await bench.failure(bench.request())

            #expect(error.cause == .diskFull(path: "/etc/docker", free: "0 B"))
            #expect(try await bench.file("/etc/docker/daemon.json") == "{\"debug\": true}")
            #expect(try await bench.sh("docker version --format '{{.Server.Version}}'").hasPrefix("20.10"))
        }
    }

    @Test("no network for apt is told as such, with apt's own words, and leaves dpkg in order")
    func noNetwork() async throws {
        try await ProvisioningBench.with(image: "swarmctl/node:bookworm") { bench in
            try await bench.sh("ip route del default; rm -rf /var/lib/apt/lists/*")

            let error = try await bench.failure(bench.request())

            guard case .noPackageNetwork(manager: "apt-get", _) = error.cause else {
                Issue.record("\(error)")
                return
            }
            #expect(error.kind == .unreachable)
            #expect(try await bench.sh("dpkg --audit").isEmpty)
        }
    }

    @Test("another process with apt's lock is waited for")
    func lockedPackages() async throws {
        try await ProvisioningBench.with(image: "swarmctl/node:bookworm") { bench in
            try await bench.sh(
                """
                setsid perl -MFcntl -e 'open F, ">>", $_ for "/var/lib/dpkg/lock-frontend";
                    open G, ">>", "/var/lib/apt/lists/lock"; $l = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
                    fcntl(F, F_SETLK, $l); fcntl(G, F_SETLK, $l); sleep 8' >/dev/null 2>&1 </dev/null &
                sleep 0.5
                """
            )
            let started = ContinuousClock.now

            try await bench.provision(bench.request())

            #expect(ContinuousClock.now - started > .seconds(7))
        }
    }

    @Test("an installation that was killed halfway is finished by the next run")
    func killedInstallation() async throws {
        try await ProvisioningBench.with(image: "swarmctl/node:bookworm") { bench in
            let first = Task { try await bench.provision(bench.request()) }
            _ = try await bench.sh(
                "while ! pgrep -x dpkg >/dev/null; do sleep 0.05; done; sleep 0.5; pkill -KILL -x apt-get; pkill -KILL -x dpkg"
            )
            _ = await first.result

            try await bench.provision(bench.request())

            #expect(try await bench.sh("dpkg --audit").isEmpty)
            #expect(try await bench.provision(bench.request()).isEmpty)
        }
    }

    @Test("a script with another checksum is not executed")
    func checksum() async throws {
        try await ProvisioningBench.with(image: "swarmctl/node:bookworm") { bench in
            try await bench.sh(
                "apt-get update -q >/dev/null; apt-get install -qy wget python3-minimal >/dev/null; printf 'touch /executed\\n' >/tmp/script.sh; cd /tmp; setsid python3 -m http.server 8000 >/dev/null 2>&1 </dev/null & sleep 2"
            )
            var request = bench.request()
            request.engine.install = .script(
                url: "http://127.0.0.1:8000/script.sh",
                sha256: String(repeating: "0", count: 64)
            )

            let error = try await bench.failure(request)

            guard case .checksumMismatch(url: "http://127.0.0.1:8000/script.sh", _, let actual) = error.cause else {
                Issue.record("\(error)")
                return
            }
            #expect(actual.count == 64)
            #expect(try await bench.sh("ls /executed 2>/dev/null").isEmpty)
        }
    }

    @Test("without an engine, and none to be installed, the error says so")
    func noEngine() async throws {
        try await ProvisioningBench.with(image: "swarmctl/node:bookworm") { bench in
            var request = bench.request()
            request.engine.install = .none

            let error = try await bench.failure(request)

            #expect(error.cause == .noEngine)
        }
    }
}
